import type { Store } from '../../ports/store.ts';
import { createCounts } from './counts.ts';
import { readRetentionTime } from './expire.ts';
import { readHistory } from './history.ts';
import type { Call, StoreParts } from './parts.ts';
import { readStream } from './read-stream.ts';
import { readMembers, readRoom, readRooms } from './room-reads.ts';
import { readStates } from './states.ts';

type Reads = Pick<Store, 'readStream' | 'room' | 'rooms' | 'members' | 'history' | 'states' | 'retentionTime' | 'counts' | 'integrity'>;

export function createReadCalls({ options, clock, reads, damage }: StoreParts, call: Call): Reads {
  const counts = createCounts({
    sql: reads,
    damaged: () => damage.count,
    nowMs: () => clock.monotonic(),
    ...(options.countedForMs !== undefined && { countedForMs: options.countedForMs }),
  });
  return {
    readStream: (query) =>
      call(async () => {
        const entries = await readStream(reads, query);
        for (const entry of entries) if ('damaged' in entry) damage.add(entry);
        return entries;
      }),
    room: (roomId) => call(() => readRoom(reads, roomId)),
    rooms: (query) => call(() => readRooms(reads, query)),
    members: (query) => call(() => readMembers(reads, query)),
    history: (query) =>
      call(async () => {
        const { damaged, ...page } = await readHistory(reads, query);
        for (const place of damaged) damage.add(place);
        return { ...page, damaged: damaged.map(({ seq }) => seq) };
      }),
    states: (userIds) => call(() => readStates(reads, userIds)),
    retentionTime: () => call(() => readRetentionTime(reads)),
    counts: () => call(counts),
    integrity: () => ({ state: damage.isEmpty ? 'ok' : 'damaged', damagedMessages: damage.count }),
  };
}
