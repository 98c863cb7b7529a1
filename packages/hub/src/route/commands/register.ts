import { applicationUserId, type CommandPayload, HubError, limits, type Replies, userIdFromWire, userIdToWire } from '@parley/protocol';
import { nowOf } from '../../lib/clock.ts';
import type { Connection } from '../../ports/connection.ts';
import type { Arrival, EnterSession } from '../../ports/session.ts';
import type { Services } from '../services.ts';
import type { Caller } from './command.ts';

/** Makes the connection the user's, see `Sessions.register`. Refusals: `connection_limit`, `invalid_payload` for the application's id. */
export async function register(
  { sessions }: Services,
  connection: Connection,
  payload: CommandPayload<'register'>,
  enter: EnterSession,
): Promise<void> {
  const userId = userIdFromWire(payload.user_id);
  if (userId === applicationUserId) {
    throw new HubError('invalid_payload', { message: `user_id "${applicationUserId}" is the application's own. Choose another one.` });
  }
  const registration = {
    userId,
    deviceId: payload.device_id ?? '',
    ackMode: payload.ack ?? 'pong',
    state: payload.state,
  } as const;
  await sessions.register(connection, registration, enter);
}

/** Registering again as the same user is success and changes nothing but the state. Refusal: `already_registered`. */
export async function registerAgain(
  services: Services,
  caller: Caller,
  payload: CommandPayload<'register'>,
  answer: (arrival: Arrival) => void,
): Promise<void> {
  if (userIdFromWire(payload.user_id) !== caller.userId) throw new HubError('already_registered');
  const { directory, presence, store, clock } = services;
  const chosen = payload.state && presence.choose(caller.userId, payload.state, undefined, nowOf(clock));
  answer({ rooms: [...directory.roomsOf(caller.userId)], queued: 0, missed: 0 });
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
