import type { Database } from 'better-sqlite3';
import type { Reads } from '../thread/calls.ts';
import { createAccess } from './access.ts';
import { Counters } from './counters.ts';
import { createHistory } from './history.ts';
import { createReadStream } from './read-stream.ts';
import { createRoomReads } from './room-reads.ts';
import { createStates } from './states.ts';

export function createReads(db: Database): Reads {
  return {
    ...createRoomReads(db),
    readStream: createReadStream(db),
    history: createHistory(db, createAccess(db)),
    states: createStates(db),
    retentionTime: () => new Counters(db).get('retention_time'),
    counts() {
      const counters = new Counters(db);
      return {
        messages: counters.get('messages'),
        rooms: counters.get('rooms'),
        queued: counters.get('queued'),
        expired: counters.get('expired'),
        dropped: counters.get('dropped'),
        damaged: 0,
      };
    },
  };
}
