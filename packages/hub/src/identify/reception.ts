/**
 * Decides over each new connection, before its first event.
 *
 *     who is it? ─► (the handshake names a user) register ─► CONNECT, `connected`, `registered`, what waits
 *         └───────── refused ─────────┘
 *
 * A stock client stays away after a refusal, and comes back by itself after its transport has closed. So it is refused with
 * CONNECT_ERROR if only the caller can mend it, and the transport is closed if time does.
 */
import { type CommandPayload, type ErrorCode, HubError, toFailure } from '@parley/protocol';
import type { Authenticator } from '../ports/authenticator.ts';
import type { Connection, ConnectionHandlers, Refusal } from '../ports/connection.ts';
import type { Log } from '../ports/log.ts';
import { handshakeRegistration } from './handshake-registration.ts';

export interface ReceptionPorts {
  readonly authenticator: Authenticator;
  /** The connection counts from now on, and has so much time to register. */
  readonly open: (connection: Connection) => void;
  /** Forgets a connection that was refused. */
  readonly forget: (connection: Connection) => void;
  /** Queues `connected`. */
  readonly welcome: (connection: Connection) => void;
  /** Makes what handles the events of a connection. */
  readonly converse: (connection: Connection) => Conversation;
  /** Why no connection is taken, if so. */
  readonly refusal: () => HubError | undefined;
  readonly log: Log;
}

export interface Conversation extends ConnectionHandlers {
  /** Registers the connection; what it queues for the client comes before anything that is delivered. */
  register(payload: CommandPayload<'register'>): Promise<void>;
}

type Decision = ConnectionHandlers | { readonly refuse: Refusal };

/** The same connection may succeed later, without a change by whoever connects. */
const mendedByTime: ReadonlySet<ErrorCode> = new Set([
  'overloaded',
  'shutting_down',
  'storage_full',
  'storage_failed',
  'registration_timeout',
  'internal_error',
]);

export class Reception {
  readonly #ports: ReceptionPorts;

  constructor(ports: ReceptionPorts) {
    this.#ports = ports;
  }

  async accept(connection: Connection, namespace: string): Promise<Decision> {
    if (namespace !== '/') return { refuse: { message: 'Invalid namespace' } };
    try {
      return await this.#admit(connection);
    } catch (error) {
      return this.#refuse(connection, this.#foreseen(error));
    }
  }

  async #admit(connection: Connection): Promise<Decision> {
    const { authenticator, open, forget, welcome, converse, refusal, log } = this.#ports;
    const reason = refusal();
    if (reason !== undefined) throw reason;
    const identity = await authenticator.authenticate(connection.handshake);
    if ('refuse' in identity) return identity;
    const registration = handshakeRegistration(connection.handshake.auth, identity);
    open(connection);
    try {
      welcome(connection);
      const conversation = converse(connection);
      if (registration !== undefined) await conversation.register(registration);
      log.debug({ connection: connection.id, address: connection.handshake.address }, 'connection opened');
      return conversation;
    } catch (error) {
      forget(connection);
      throw error;
    }
  }

  #refuse(connection: Connection, error: HubError): Decision {
    const { log } = this.#ports;
    log.debug({ connection: connection.id, code: error.code }, 'connection refused');
    if (mendedByTime.has(error.code)) connection.close('forced close');
    return { refuse: { message: error.message, data: toFailure(error) } };
  }

  #foreseen(error: unknown): HubError {
    if (error instanceof HubError) return error;
    this.#ports.log.error({ error }, 'A new connection could not be decided about.');
    return new HubError('internal_error');
  }
}
