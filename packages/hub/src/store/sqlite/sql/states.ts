import type { Database } from 'better-sqlite3';
import type { UserState } from '../../../ports/store.ts';
import type { Reads, Writes } from '../thread/calls.ts';
import type { WriteContext } from './write-context.ts';

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

export function createSaveStates({ db, counters }: WriteContext): Writes['saveStates'] {
  const save = db.prepare<[string, string, string | null, number]>(
    'INSERT OR REPLACE INTO connection_state (user_id, state, status_text, last_seen) VALUES (?, ?, ?, ?)',
  );
  const markUsed = db.prepare<[string, number]>(
    "INSERT INTO readers (user_id, device_id, opened_at, is_open, used_at) VALUES (?, '', 0, 0, ?) ON CONFLICT DO NOTHING",
  );
  return (states) => {
    for (const { userId, state, statusText, lastSeenMs } of states) {
      save.run(userId, state, statusText ?? null, lastSeenMs);
      markUsed.run(userId, counters.get('retention_time'));
    }
  };
}
