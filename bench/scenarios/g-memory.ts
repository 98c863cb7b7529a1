import { type ServerProcess, settledMemory } from '../lib/server-process.ts';
import { Crowd } from '../load/crowd.ts';
import type { Dialect } from '../load/dialects.ts';
import type { Scenario } from './scenario.ts';

/** Resident memory that so many idle connections take, each. */
export async function bytesPerConnection(server: ServerProcess, dialect: Dialect, count: number, settleMs: number): Promise<number> {
  const crowd = new Crowd(server.address, dialect);
  try {
    const before = await settledMemory(server, settleMs / 2);
    await crowd.enter(Array.from({ length: count }, (_, index) => ({ user: index + 1, room: undefined })));
    return ((await settledMemory(server, settleMs)) - before) / count;
  } finally {
    crowd.leaveAll();
  }
}

export const idleMemory: Scenario = {
  id: 'g',
  title: 'Memory of 10,000 idle connections',
  method:
    'Resident memory of the process, 10 s after 10,000 connections have come, less that of the empty server. In Parley each is registered as a user of its ' +
    'own; in Socket.IO it is bare. Default flags, no forced garbage collection.',
  systems: ['parley', 'socket.io', 'ws send', 'bun publish'],
  figures: { kilobytes: { label: 'KB a connection' } },
  async run({ system, scale, start }) {
    if (system.dialect === undefined) throw new Error(`${system.name} takes no connections of ours`);
    const [count, settleMs] = scale.isQuick ? [100, 200] : [10_000, 10_000];
    return { kilobytes: (await bytesPerConnection(await start(), system.dialect, count, settleMs)) / 1000 };
  },
};
