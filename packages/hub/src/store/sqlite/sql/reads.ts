import type { Database } from 'better-sqlite3';
import type { PackedMessage, Reads } from '../thread/calls.ts';
import { packedColumns } from '../thread/pack.ts';
import { createAccess, createHiddenUpto } from './access.ts';
import { Counters } from './counters.ts';
import { textParameter } from './database.ts';
import { createHistory } from './history.ts';
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
      };
    },
  };
}

/** Rows that are taken one by one cost half as much again as many at once. */
const firstRows = 2;

function createReadStream(db: Database): Reads['readStream'] {
  const select = db
    .prepare<[string, number, number, number], PackedMessage>(
      `SELECT ${packedColumns} FROM messages WHERE stream = ${textParameter} AND seq > ? AND seq <= ? ORDER BY seq LIMIT CAST(? AS INTEGER)`,
    )
    .raw();
  const hiddenUpto = createHiddenUpto(db);
  return ({ stream, uptoSeq, limit, bytesMax, ...query }) => {
    const page: PackedMessage[] = [];
    let bytes = 0;
    const afterSeq = Math.max(query.afterSeq, hiddenUpto(stream));
    for (let wanted = Math.min(firstRows, limit); wanted > 0; ) {
      const [, lastSeq = afterSeq] = page.at(-1) ?? [];
      const rows = select.all(stream, lastSeq, uptoSeq, wanted);
      for (const row of rows) {
        const [, , , , content] = row;
        bytes += Buffer.byteLength(content);
        if (page.length > 0 && bytes > bytesMax) return page;
        page.push(row);
      }
      if (rows.length < wanted) return page;
      // As many as are likely to fit, so that few are read in vain, and not many if the next ones are much larger.
      const fitting = Math.ceil(((bytesMax - bytes) * page.length) / bytes);
      wanted = Math.min(Math.max(fitting, 1), page.length, limit - page.length);
    }
    return page;
  };
}
