/** What each command is: a function from a checked payload, sent by a known user, to a reply. */
import { type CommandName, type CommandPayload, userIdFromWire, type WireUserId } from '@parley/protocol';
import type { InboundEvent } from '../../ports/connection.ts';
import type { Session } from '../../ports/session.ts';
import type { Services } from '../services.ts';

export interface Caller {
  /** The authenticated user (I10). */
  readonly userId: string;
  /** Undefined once the connection has closed: what it had sent before is still carried out. */
  readonly session: Session | undefined;
}

export interface Call<Name extends CommandName> {
  readonly services: Services;
  readonly caller: Caller;
  readonly payload: CommandPayload<Name>;
  /** The event as it came, for the bytes of its content. */
  readonly event: InboundEvent;
}

/**
 * The payload of the reply, or its JSON text. A refusal is a thrown `HubError`. What a command hands to the store it hands over
 * before its first `await`, so that the store sees the commands of a connection in the order in which they came.
 */
export type Command<Name extends CommandName> = (call: Call<Name>) => Promise<Reply> | Reply;
/** A function is called in the moment in which the reply is sent, for what must not be older than an event sent before it. */
export type Reply = object | string | (() => object);

export const fromWire = (ids: readonly WireUserId[]): string[] => ids.map(userIdFromWire);
