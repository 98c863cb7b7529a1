/** The servers that the nodes of a run share, which are its own: PostgreSQL and, unless that is the bus too, Redis or NATS. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  findPostgres,
  natsProgram,
  type PostgresServer,
  postgresMissing,
  redisProgram,
  startNats,
  startPostgres,
  startRedis,
  type TestServer,
} from '../../packages/testkit/src/index.ts';
import type { FaultCounts } from './hub-control.ts';
import type { BusName } from './options.ts';
import type { Recorder } from './recorder.ts';
import type { HubFault } from './schedule.ts';

export interface Servers {
  /** The options by which a hub finds them. */
  readonly args: readonly string[];
  /** Resolves when it is over. What is not for a server it leaves undone. */
  carryOut(fault: HubFault): Promise<void>;
  dispose(): Promise<void>;
}

const run = promisify(execFile);

/** What would have to be installed; undefined if a run with this bus is possible. */
export function serversMissing(bus: BusName): string | undefined {
  if (bus === 'redis' && redisProgram === undefined) return 'redis-server';
  if (bus === 'nats' && natsProgram === undefined) return 'nats-server';
  return postgresMissing();
}

export async function startServers(busName: BusName, recorder: Recorder, counts: FaultCounts): Promise<Servers> {
  const postgres = await startPostgres();
  const bus = busName === 'redis' ? await startRedis() : busName === 'nats' ? await startNats() : undefined;
  const url = await postgres.createDatabase();
  return {
    args: ['--store', url, ...(bus === undefined ? [] : ['--bus', `${busName}://127.0.0.1:${bus.port}`])],
    async carryOut(fault) {
      if (bus !== undefined && (fault.kind === 'killBus' || fault.kind === 'freezeBus')) await disturbBus(bus, fault, recorder, counts);
      else await disturbStore(postgres, url, fault, recorder, counts);
    },
    async dispose() {
      postgres.thaw();
      await bus?.dispose();
      await postgres.remove();
    },
  };
}

type BusFault = Extract<HubFault, { kind: 'killBus' | 'freezeBus' }>;

async function disturbBus(bus: TestServer, fault: BusFault, recorder: Recorder, counts: FaultCounts): Promise<void> {
  recorder.add({ kind: 'busDown' });
  if (fault.kind === 'killBus') {
    counts.busKills += 1;
    await bus.kill();
    await sleep(fault.forMs);
    await bus.start();
  } else {
    counts.busFreezes += 1;
    await bus.freeze();
    await sleep(fault.forMs);
    bus.thaw();
  }
  recorder.add({ kind: 'busUp' });
}

async function disturbStore(
  postgres: PostgresServer,
  url: string,
  fault: HubFault,
  recorder: Recorder,
  counts: FaultCounts,
): Promise<void> {
  if (fault.kind !== 'restartStore' && fault.kind !== 'freezeStore' && fault.kind !== 'sever') return;
  recorder.add({ kind: 'storeDown' });
  if (fault.kind === 'restartStore') {
    counts.storeRestarts += 1;
    await postgres.stop('immediate');
    await sleep(fault.downMs);
    await postgres.start();
  } else if (fault.kind === 'freezeStore') {
    counts.storeFreezes += 1;
    postgres.freeze();
    await sleep(fault.forMs);
    postgres.thaw();
  } else {
    counts.severed += 1;
    await severConnections(url, fault.share);
  }
  recorder.add({ kind: 'storeUp' });
}

/** Ends this share of the connections to the database, whatever they are doing. */
async function severConnections(url: string, share: number): Promise<void> {
  const sql =
    'SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity ' +
    `WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < ${share}`;
  await run(join(findPostgres() ?? '', 'psql'), ['-q', '-d', url, '-c', sql]);
}
