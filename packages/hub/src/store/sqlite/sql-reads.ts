import type { Database } from 'better-sqlite3';
import type { StoredMessage, UserState } from '../../ports/store.ts';
import { createAccess } from './access.ts';
import type { Reads, Writes } from './calls.ts';
import { Counters } from './counters.ts';
import { textParameter } from './database.ts';
import { createHistory, type MessageRow, messageColumns, toMessage } from './sql-history.ts';
import { createRoomReads } from './sql-rooms.ts';

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

function createReadStream(db: Database): Reads['readStream'] {
  const select = db.prepare<[string, number, number], MessageRow>(
    `SELECT ${messageColumns} FROM messages WHERE stream = ${textParameter} AND seq > ? AND seq <= ? ORDER BY seq`,
  );
  return ({ stream, afterSeq, uptoSeq, limit, bytesMax }) => {
    const messages: StoredMessage[] = [];
    let bytes = 0;
    for (const row of select.iterate(stream, afterSeq, uptoSeq)) {
      bytes += Buffer.byteLength(row.content);
      if (messages.length === limit || (messages.length > 0 && bytes > bytesMax)) break;
      messages.push(toMessage(row));
    }
    return messages;
  };
}

export function createStates(db: Database): Reads['states'] {
  const select = db.prepare<[string], Omit<UserState, 'statusText'> & { statusText: string | null }>(
    'SELECT user_id AS userId, state, status_text AS statusText, last_seen AS lastSeenMs FROM connection_state WHERE user_id = ?',
  );
  return (userIds) =>
    userIds.flatMap((userId) => {
      const row = select.get(userId);
      return row === undefined ? [] : [{ ...row, statusText: row.statusText ?? undefined }];
    });
}

export function createSaveStates(db: Database): Writes['saveStates'] {
  const save = db.prepare<[string, string, string | null, number]>(
    'INSERT OR REPLACE INTO connection_state (user_id, state, status_text, last_seen) VALUES (?, ?, ?, ?)',
  );
  return (states) => {
    for (const { userId, state, statusText, lastSeenMs } of states) save.run(userId, state, statusText ?? null, lastSeenMs);
  };
}
