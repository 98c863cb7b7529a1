/**
 * How many undelivered messages each sender has in an inbox, so that one sender can't fill it.
 *
 * Nothing is counted while the inbox has fewer messages than one sender may have. Above that the messages are counted once, and
 * the counts live with the state of the stream: an append adds to them, and a move of the cursor takes off what it passed.
 */
import type { Database } from 'better-sqlite3';
import type { StreamId } from '../../../ports/store.ts';
import { type StreamState, undelivered } from './stream-states.ts';

export interface SenderCounts {
  /** The state with its counts, made if they are missing. */
  withCounts(inbox: StreamId, state: StreamState): StreamState & { readonly senders: Map<string, number> };
  /** Takes off what lies above the undelivered part of `before` and no longer above that of `after`. To be called before it is removed. */
  passed(inbox: StreamId, before: StreamState, after: StreamState): StreamState;
}

export function createSenderCounts(db: Database): SenderCounts {
  const select = db.prepare<[StreamId, number, number], { senderId: string; count: number }>(
    'SELECT sender_id AS senderId, count(*) AS count FROM messages WHERE stream = ? AND seq > ? AND seq <= ? GROUP BY sender_id',
  );
  const start = ({ deliveredSeq, trimmedSeq }: StreamState): number => Math.max(deliveredSeq, trimmedSeq);

  return {
    withCounts(inbox, state) {
      const senders =
        state.senders ?? new Map(select.all(inbox, start(state), state.lastSeq).map(({ senderId, count }) => [senderId, count]));
      return { ...state, senders };
    },
    passed(inbox, before, after) {
      const { senders } = before;
      if (senders === undefined || undelivered(after) === 0) return { ...after, senders: undefined };
      for (const { senderId, count } of select.all(inbox, start(before), start(after))) {
        const left = (senders.get(senderId) ?? 0) - count;
        if (left > 0) senders.set(senderId, left);
        else senders.delete(senderId);
      }
      return { ...after, senders };
    },
  };
}
