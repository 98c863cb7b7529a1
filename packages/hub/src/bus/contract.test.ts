import {
  busContract,
  natsProgram,
  type PostgresServer,
  postgresMissing,
  redisProgram,
  startNats,
  startPostgres,
  startRedis,
} from '@parley/testkit';
import { afterAll } from 'vitest';
import { openLocalBus } from './local.ts';
import { openBus, openNotifyBus } from './open-bus.ts';

busContract(
  'in process',
  async () => ({
    server: undefined,
    open: (clusterId, handlers) => openLocalBus({ clusterId })(handlers),
    dispose: () => Promise.resolve(),
  }),
  { hasServer: false },
);

busContract(
  'Redis',
  async () => {
    const server = await startRedis();
    return {
      server,
      open: (clusterId, handlers, times) => openBus(`redis://127.0.0.1:${server.port}`, { clusterId, ...times })(handlers),
      dispose: () => server.dispose(),
    };
  },
  { hasServer: true, missing: redisProgram === undefined ? 'redis-server' : undefined },
);

busContract(
  'NATS',
  async () => {
    const server = await startNats();
    return {
      server,
      open: (clusterId, handlers, times) => openBus(`nats://127.0.0.1:${server.port}`, { clusterId, ...times })(handlers),
      dispose: () => server.dispose(),
    };
  },
  { hasServer: true, missing: natsProgram === undefined ? 'nats-server' : undefined },
);

/** One for all tests, each with a database of its own: to make a server takes longer than a test. */
let postgres: Promise<PostgresServer> | undefined;
afterAll(async () => (await postgres)?.remove());

busContract(
  'NOTIFY',
  async () => {
    postgres ??= startPostgres('-c fsync=off');
    const server = await postgres;
    const url = await server.createDatabase();
    return {
      server: {
        kill: () => server.stop('immediate'),
        start: () => server.start(),
        freeze: async () => server.freeze(),
        thaw: () => server.thaw(),
      },
      open: (clusterId, handlers, times) => openNotifyBus(async () => url, { clusterId, ...times })(handlers),
      dispose: () => Promise.resolve(),
    };
  },
  { hasServer: true, missing: postgresMissing() },
);
