import { limits, type Replies, userIdFromWire } from '@parley/protocol';
import { fitting, type Json, jsonList, jsonObject } from '../../lib/json.ts';
import { type HistoryMessage, type HistoryQuery, seenAt } from '../../ports/store.ts';
import type { Services } from '../services.ts';
import { historyMessage } from '../views.ts';
import type { Call, Caller, Command } from './command.ts';

/** A page of a room as its members see it, or of the conversation of two users. Refusals: `room_not_found`, `not_member`. */
export const history: Command<'history'> = async ({ services, caller, payload }) => {
  const page = await services.store.history({
    userId: caller.userId,
    of: placeOf(payload),
    beforeId: payload.before_id === undefined ? undefined : Number(payload.before_id),
    afterId: payload.after_id === undefined ? undefined : Number(payload.after_id),
    limit: payload.limit ?? limits.historyLimitDefault,
    bytesMax: pageBytesMax(services, caller),
  });
  const deliveredAtMs = await shownDeliveries(services, caller.userId, page.messages);
  const found = page.messages.map((message) => historyMessage(message, deliveredAtMs(message)));
  const messages = payload.after_id === undefined ? newestFitting(found) : fitting(found, limits.listBytesMax);
  return () =>
    jsonObject<Replies['history_page']>({
      status: '"success"',
      messages: jsonList(messages),
      has_more: String(page.hasMore || messages.length < found.length),
      damaged: page.damaged.length === 0 ? undefined : JSON.stringify(page.damaged),
    });
};

/** As much as the connection may be given now; nothing for one that has closed. */
function pageBytesMax({ roomFor }: Services, { session, isApplication }: Caller): number {
  if (isApplication) return limits.historyBytesMax;
  return session === undefined ? 0 : Math.min(limits.historyBytesMax, roomFor(session.connection));
}

function newestFitting<T>(messages: readonly Json<T>[]): readonly Json<T>[] {
  return fitting(messages.toReversed(), limits.listBytesMax).toReversed();
}

function placeOf(payload: Call<'history'>['payload']): HistoryQuery['of'] {
  return payload.room_id === undefined ? { withUserId: userIdFromWire(payload.user_id) } : { roomId: payload.room_id };
}

/**
 * When a message reached its recipient, as far as its sender may know: that somebody invisible has received it would show that it is
 * there. What arrived before the recipient became invisible is shown.
 */
async function shownDeliveries(
  { presence, store }: Services,
  userId: string,
  messages: readonly HistoryMessage[],
): Promise<(message: HistoryMessage) => number | undefined> {
  const delivered = messages.find((message) => message.senderId === userId && message.deliveredAtMs !== undefined);
  const recipientId = delivered?.recipientId;
  if (recipientId === undefined || recipientId === userId) return ({ deliveredAtMs }) => deliveredAtMs;
  const chosen = presence.chosen(recipientId);
  const [state] = chosen === undefined ? await store.states([recipientId]) : [];
  const hiddenSinceMs =
    (chosen ?? state?.state) === 'invisible' ? (presence.view(recipientId).lastSeenMs ?? seenAt(state) ?? 0) : undefined;
  return ({ senderId, deliveredAtMs }) => {
    const isHidden = senderId === userId && hiddenSinceMs !== undefined && (deliveredAtMs ?? 0) > hiddenSinceMs;
    return isHidden ? undefined : deliveredAtMs;
  };
}
