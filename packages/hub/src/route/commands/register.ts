import { applicationUserId, type CommandPayload, HubError, limits, type Replies, userIdFromWire, userIdToWire } from '@parley/protocol';
import { nowOf } from '../../lib/clock.ts';
import type { Arrival, Registration } from '../../ports/session.ts';
import type { Services } from '../services.ts';
import type { Caller } from './command.ts';

/** Refusal: `invalid_payload` for the application's id. */
export function registrationOf(payload: CommandPayload<'register'>): Registration {
  const userId = userIdFromWire(payload.user_id);
  if (userId === applicationUserId) {
    throw new HubError('invalid_payload', { message: `user_id "${applicationUserId}" is the application's own. Choose another one.` });
  }
  return { userId, deviceId: payload.device_id ?? '', ackMode: payload.ack ?? 'pong', state: payload.state };
}

/** Registering again as the same user is success and changes nothing but the state. Refusal: `already_registered`. */
export async function registerAgain(
  services: Services,
  caller: Caller,
  { userId, state }: Registration,
  answer: (arrival: Arrival) => void,
): Promise<void> {
  if (userId !== caller.userId) throw new HubError('already_registered');
  const { directory, presence, store, clock } = services;
  const chosen = state && presence.choose(userId, state, undefined, nowOf(clock));
  answer({ rooms: [...directory.roomsOf(userId)], queued: 0, missed: 0 });
  // The client has its answer. If the choice can't be kept now, it is when the user leaves.
  if (chosen !== undefined) await store.saveStates([chosen]).catch(() => {});
}

/** The reply to the client. */
export function registeredReply(connectionId: string, userId: string, arrival: Arrival): Replies['registered'] {
  const { rooms, queued, missed } = arrival;
  const waiting = queued === 0 ? '' : ` ${queued} waiting ${queued === 1 ? 'message follows' : 'messages follow'}.`;
  return {
    status: 'success',
    connection_id: connectionId,
    user_id: userIdToWire(userId),
    message: `Registered.${waiting}`,
    rooms: rooms.slice(0, limits.roomsToldMax),
    room_count: rooms.length,
    queued,
    missed,
  };
}
