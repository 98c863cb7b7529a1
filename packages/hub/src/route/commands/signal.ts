import { userIdFromWire, userIdToWire } from '@parley/protocol';
import { eventPacketOfTexts } from '../../lib/event-packet.ts';
import { toSeconds } from '../views.ts';
import { type Command, requireMember, requireSure } from './command.ts';

/** Live only and stored nowhere: typing marks, cursors, game moves. The sender's own connections get none. */
export const signal: Command<'signal'> = async ({ services, caller, payload, textOf }) => {
  const { live, clock } = services;
  requireSure(services);
  if (payload.room_id !== undefined) requireMember(services, caller, payload.room_id);
  const packet = eventPacketOfTexts('signal', {
    sender_id: JSON.stringify(userIdToWire(caller.userId)),
    room_id: payload.room_id === undefined ? undefined : JSON.stringify(payload.room_id),
    kind: JSON.stringify(payload.kind),
    data: payload.data === undefined ? undefined : textOf('data'),
    timestamp: String(toSeconds(clock.now())),
  });
  const { userId } = caller;
  if (payload.room_id !== undefined) return { status: 'success', recipients: await live.toRoom(payload.room_id, packet, userId) };
  const recipientId = userIdFromWire(payload.recipient_id);
  return { status: 'success', recipients: recipientId === userId ? 0 : live.toUser(recipientId, packet) };
};
