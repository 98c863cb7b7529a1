import { busContract, natsProgram, redisProgram, startNats, startRedis } from '@parley/testkit';
import { openLocalBus } from './local.ts';
import { openBus } from './open-bus.ts';

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
