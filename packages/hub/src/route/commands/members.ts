import { limits, userIdFromWire } from '@parley/protocol';
import { memberView } from '../views.ts';
import type { Command } from './command.ts';

/** A page of a room's members. Refusals: `room_not_found`, `not_member`; `invalid_payload` if `after` is no member. */
export const members: Command<'members'> = async ({ services, caller, payload }) => {
  const page = await services.store.members({
    roomId: payload.room_id,
    userId: caller.isApplication ? undefined : caller.userId,
    after: payload.after === undefined ? undefined : userIdFromWire(payload.after),
    limit: payload.limit ?? limits.pageLimitDefault,
  });
  return { status: 'success', members: page.members.map(memberView), member_count: page.memberCount, has_more: page.hasMore };
};
