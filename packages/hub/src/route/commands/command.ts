/** What each command is: a function from a checked payload, sent by a known user or by the application, to a reply. */
import { type CommandName, type CommandPayload, HubError, type ReplyTo, userIdFromWire, type WireUserId } from '@parley/protocol';
import type { Json } from '../../lib/json.ts';
import type { Session } from '../../ports/session.ts';
import type { Services } from '../services.ts';

export interface Caller {
  /** The authenticated user (I10), or the one in whose name the application acts. */
  readonly userId: string;
  /** Undefined once the connection has closed: what it had sent before is still carried out. The application has none. */
  readonly session: Session | undefined;
  /** The application itself asks, which need not be a member of a room and sees all of them. */
  readonly isApplication?: true;
}

export interface Call<Name extends CommandName> {
  readonly services: Services;
  readonly caller: Caller;
  readonly payload: CommandPayload<Name>;
  /** The JSON text of what the payload has as `content` or `data`, within the limits. Refusals: see `contentText`. */
  readonly textOf: (key: 'content' | 'data') => string;
}

/**
 * A refusal is a thrown `HubError`. What a command hands to the store it hands over before its first `await`, so that the
 * store sees the commands of a connection in the order in which they came.
 */
export type Command<Name extends CommandName> = (call: Call<Name>) => Promise<Reply<ReplyTo<Name>>> | Reply<ReplyTo<Name>>;

/** Its payload, or a function that is called when the reply is sent, so that the reply is not older than an event sent before it. */
export type Reply<Payload extends object> = Payload | (() => Json<Payload>);

/** The reply as it is sent now. */
export function replyText(reply: Reply<object>): string {
  return typeof reply === 'function' ? reply().text : JSON.stringify(reply);
}

export const fromWire = (ids: readonly WireUserId[]): string[] => ids.map(userIdFromWire);

/** Says `not_member` whether or not there is such a room: a private one looks like none. */
export function requireMember({ directory }: Services, { userId, isApplication }: Caller, roomId: string): void {
  if (!isApplication && !directory.roomsOf(userId).has(roomId)) throw new HubError('not_member');
}

/** Of a node that the others may believe to have ended, live events could come twice, or from users who are elsewhere by now. */
export function requireSure({ cluster }: Services): void {
  if (!cluster.isSure) throw new HubError('overloaded', { retryAfterS: 1 });
}
