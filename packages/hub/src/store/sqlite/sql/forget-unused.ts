/**
 * Forgets readers that nobody used for the retention time, a page of rows at a time.
 *
 * A device is removed with its cursors. A user is removed when it has no devices, no rooms and no messages: its cursor must exist as long as
 * there are messages, or they would count as undelivered again. The position of the cursor is kept in the row of the stream, which
 * stays so that no number is used twice (I2): a user who comes back starts there.
 */
import { inboxOf } from '../../../ports/store.ts';
import { createForgetDevice } from './readers.ts';
import type { WriteContext } from './write-context.ts';

const pageRows = 100;

interface ReaderRow {
  readonly userId: string;
  readonly deviceId: string;
  readonly usedAtMs: number;
}

/** The function takes the time before which a reader must have been used, on the retention clock. */
export function createForgetUnused(context: WriteContext): (beforeMs: number) => void {
  const { db, opened } = context;
  const page = db.prepare<[string, string, number], ReaderRow>(`
    SELECT user_id AS userId, device_id AS deviceId, used_at AS usedAtMs
    FROM readers WHERE (user_id, device_id) > (CAST(? AS TEXT), CAST(? AS TEXT)) ORDER BY user_id, device_id LIMIT CAST(? AS INTEGER)`);
  const forgetDevice = createForgetDevice(db);
  const forgetUser = createForgetUser(context);
  let last: Pick<ReaderRow, 'userId' | 'deviceId'> = { userId: '', deviceId: '' };

  return (beforeMs) => {
    const rows = page.all(last.userId, last.deviceId, pageRows);
    for (const row of rows) {
      if (row.usedAtMs >= beforeMs || opened.has(row)) continue;
      if (row.deviceId === '') forgetUser(row.userId);
      else forgetDevice(row.userId, row.deviceId);
    }
    last = (rows.length === pageRows ? rows.at(-1) : undefined) ?? { userId: '', deviceId: '' };
  };
}

function createForgetUser({ db }: WriteContext): (userId: string) => void {
  const isNeeded = db.prepare<{ userId: string; inbox: string }, unknown>(`
    SELECT 1 WHERE EXISTS (SELECT 1 FROM readers WHERE user_id = @userId AND device_id <> '')
      OR EXISTS (SELECT 1 FROM room_members WHERE user_id = @userId)
      OR EXISTS (SELECT 1 FROM messages WHERE stream = @inbox)`);
  const keepPlace = db.prepare<{ userId: string; inbox: string }>(`
    UPDATE streams SET floor_seq = coalesce(
      (SELECT received_seq FROM cursors WHERE user_id = @userId AND device_id = '' AND stream = @inbox), floor_seq)
    WHERE stream = @inbox`);
  const removeDeliveries = db.prepare<[string]>('DELETE FROM deliveries WHERE stream = ?');
  const removeState = db.prepare<[string]>('DELETE FROM connection_state WHERE user_id = ?');
  const forgetReader = createForgetDevice(db);

  return (userId) => {
    const inbox = inboxOf(userId);
    if (isNeeded.get({ userId, inbox }) !== undefined) return;
    keepPlace.run({ userId, inbox });
    removeDeliveries.run(inbox);
    removeState.run(userId);
    forgetReader(userId, '');
  };
}
