import { HubError } from '@parley/protocol';
import { inboxOf, timelineOf } from '../../ports/store.ts';
import { type Command, requireMember } from './command.ts';

export const ack: Command<'ack'> = ({ services, caller, payload }) => {
  const { userId, session } = caller;
  const roomId = payload.room_id;
  if (roomId !== undefined) requireMember(services, caller, roomId);
  if (session?.ackMode !== 'explicit') throw new HubError('ack_not_enabled');
  const stream = roomId === undefined ? inboxOf(userId) : timelineOf(roomId);
  if (!session.reader.acknowledge(stream, payload.seq)) throw new HubError('ack_out_of_range');
  return { status: 'success', seq: payload.seq };
};
