import { type CommandPayload, HubError, userIdFromWire, userIdToWire } from '@parley/protocol';
import type { Connection } from '../../ports/connection.ts';
import type { Session } from '../../ports/session.ts';
import type { Services } from '../services.ts';
import { type Caller, nowOf } from './command.ts';

/** The connection that registers, as far as the command needs it. */
export interface RegisteringConnection {
  readonly connection: Connection;
  readonly caller: Caller | undefined;
  isOpen(): boolean;
  /** The connection is the user's from now on. */
  enter(session: Session): void;
  /** Sends the reply. Called before the first message is delivered. */
  reply(payload: object): void;
}

/**
 * Makes the connection the user's. It replies by itself, since the reply precedes what is delivered.
 * Registering again as the same user is success and changes nothing but the state. Refusals: `connection_limit`, `already_registered`.
 */
export async function register(services: Services, from: RegisteringConnection, payload: CommandPayload<'register'>): Promise<Caller> {
  const userId = userIdFromWire(payload.user_id);
  if (from.caller !== undefined && from.caller.userId !== userId) throw new HubError('already_registered');

  let session = from.caller?.session;
  if (from.caller !== undefined) {
    from.reply(registeredView(from.connection.id, userId, { rooms: [...services.directory.roomsOf(userId)], queued: 0, missed: 0 }));
  } else {
    const registration = { userId, deviceId: payload.device_id ?? '', ackMode: payload.ack ?? 'pong' } as const;
    await services.sessions.register(from.connection, registration, {
      isOpen: () => from.isOpen(),
      onSession: (opened, registered) => {
        session = opened;
        from.enter(opened);
        from.reply(registeredView(from.connection.id, userId, registered));
      },
    });
  }
  if (payload.state !== undefined) {
    const chosen = services.presence.choose(userId, payload.state, undefined, nowOf(services));
    // The client has its answer. If the choice can't be kept now, it is when the user leaves.
    if (chosen !== undefined) await services.store.saveStates([chosen]).catch(() => {});
  }
  return { userId, session };
}

function registeredView(connectionId: string, userId: string, registered: { rooms: readonly string[]; queued: number; missed: number }) {
  const { queued } = registered;
  const waiting = queued === 0 ? '' : ` ${queued} waiting ${queued === 1 ? 'message follows' : 'messages follow'}.`;
  return {
    status: 'success',
    connection_id: connectionId,
    user_id: userIdToWire(userId),
    message: `Registered.${waiting}`,
    ...registered,
  };
}
