import { limits, userIdFromWire } from '@parley/protocol';
import { historyMessageJson } from '../views.ts';
import type { Command } from './command.ts';

export const history: Command<'history'> = async ({ services, caller, payload }) => {
  const { room_id: roomId, user_id: withUserId } = payload;
  const page = await services.store.history({
    userId: caller.userId,
    of: roomId === undefined ? { withUserId: userIdFromWire(withUserId ?? '') } : { roomId },
    beforeId: payload.before_id === undefined ? undefined : Number(payload.before_id),
    afterId: payload.after_id === undefined ? undefined : Number(payload.after_id),
    limit: payload.limit ?? limits.historyLimitDefault,
    bytesMax: Math.min(limits.historyBytesMax, caller.session === undefined ? 0 : services.roomFor(caller.session.connection)),
  });
  return `{"status":"success","messages":[${page.messages.map(historyMessageJson).join(',')}],"has_more":${page.hasMore}}`;
};
