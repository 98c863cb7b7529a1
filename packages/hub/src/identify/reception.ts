/**
 * Decides over each new connection before its first event, and ends those that do not register in time.
 *
 *     who is it? ─► (the handshake names a user) register ─► CONNECT, `connected`, `registered`, what waits
 *         └───────── refused ─────────┘
 *
 * A stock client stays away after a refusal, and comes back by itself after its transport has closed. So what
 * only the caller can change is refused with CONNECT_ERROR, and for what passes with time the transport is closed.
 */
import { type CommandPayload, type Connected, type ErrorCode, HubError, toFailure } from '@parley/protocol';
import type { Clock } from '../lib/clock.ts';
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Authenticator } from '../ports/authenticator.ts';
import type { Connection, ConnectionHandlers, Refusal } from '../ports/connection.ts';
import type { Log } from '../ports/log.ts';
import { authenticate } from './authentication.ts';
import { handshakeRegistration } from './handshake-registration.ts';
import type { ConnectionPool } from './pool.ts';

export interface ReceptionPorts {
  readonly authenticator: Authenticator;
  readonly pool: Pick<ConnectionPool, 'open' | 'close' | 'unregistered'>;
  readonly clock: Clock;
  readonly registerTimeoutMs: number;
  readonly version: string;
  readonly encode: (event: 'connected', payload: Connected) => OutgoingPacket;
  /** Makes what handles the events of a connection. */
  readonly converse: (connection: Connection) => Conversation;
  /** Why no connection is taken, if so. */
  readonly refusal: () => HubError | undefined;
  /** Closes a connection that has not registered in time. */
  readonly closeOverdue: (connection: Connection) => void;
  /** The error that is sent to the client for a failure; one that no error code foresees is logged. */
  readonly told: (error: unknown, event: string) => HubError;
  readonly log: Log;
}

export interface Conversation extends ConnectionHandlers {
  /** Registers the connection; what it queues for the client comes before anything that is delivered. */
  register(payload: CommandPayload<'register'>): Promise<void>;
}

type Decision = ConnectionHandlers | { readonly refuse: Refusal };

/** The same handshake may succeed later, without a change. */
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
    const { pool, log } = this.#ports;
    try {
      pool.open(connection);
      const decision = await this.#admit(connection);
      if ('refuse' in decision) pool.close(connection, undefined);
      else log.debug({ connection: connection.id, address: connection.handshake.address }, 'connection opened');
      return decision;
    } catch (error) {
      pool.close(connection, undefined);
      return this.#refuse(connection, this.#ports.told(error, 'connect'));
    }
  }

  /** Called from time to time. */
  closeOverdue(): void {
    const { pool, closeOverdue } = this.#ports;
    for (const connection of pool.unregistered()) if (this.#isOverdue(connection)) closeOverdue(connection);
  }

  async #admit(connection: Connection): Promise<Decision> {
    const { refusal, converse, encode, version, authenticator, clock } = this.#ports;
    const reason = refusal();
    if (reason !== undefined) throw reason;
    if (this.#isOverdue(connection)) throw new HubError('registration_timeout');
    const identity = await authenticate(authenticator, clock, connection.handshake);
    if ('refuse' in identity) return identity;
    const registration = handshakeRegistration(connection.handshake.auth, identity);
    connection.send(encode('connected', { message: 'Welcome to Parley.', server: 'parley', version, auth: authenticator.method }));
    const conversation = converse(connection);
    if (registration !== undefined) await conversation.register(registration);
    return conversation;
  }

  /** Leaving the namespace and joining it again gives no more time. */
  #isOverdue({ openedMs }: Connection): boolean {
    const { clock, registerTimeoutMs } = this.#ports;
    return clock.monotonic() - openedMs >= registerTimeoutMs;
  }

  #refuse(connection: Connection, error: HubError): Decision {
    this.#ports.log.debug({ connection: connection.id, code: error.code }, 'connection refused');
    if (mendedByTime.has(error.code)) connection.close('forced close');
    return { refuse: { message: error.message, data: toFailure(error) } };
  }
}
