/**
 * Types for clients, without any code: `import type { ClientToServerEvents, ServerToClientEvents } from '@parley/protocol/types'`,
 * then `const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io(…)`.
 */
import type { CommandName, CommandPayload, ReplyTo } from './commands.ts';
import type { HubEvents } from './events.ts';
import type { Failure } from './failure.ts';
import type { Replies } from './replies.ts';

/** What a client may listen to: what the hub sends by itself, and the answers to events that were sent without a callback. */
export type ServerToClientEvents = {
  [Name in keyof HubEvents | keyof Replies]: (
    payload: (Name extends keyof HubEvents ? HubEvents[Name] : never) | (Name extends keyof Replies ? Replies[Name] : never),
  ) => void;
};

/**
 * What a client may send. The callback gets the answer, of which `status` tells whether it is a success. It is not optional here: the types of
 * socket.io-client could not say then what `emitWithAck` resolves with.
 */
export type ClientToServerEvents = {
  [Name in CommandName]: (payload: CommandPayload<Name>, callback: (reply: ReplyTo<Name> | Failure) => void) => void;
};

/** `auth` of a connection that registers by its handshake. With an authenticator it also has what that one asks for, such as `token`. */
export type HandshakeAuth = Partial<CommandPayload<'register'>> & Record<string, unknown>;

export type { CommandName, CommandPayload, ReplyTo } from './commands.ts';
export type { ErrorCode } from './errors.ts';
export type { DirectMessage, GoingAway, HubEvents, PresenceChange, RoomMessage, UserState, VisibleState } from './events.ts';
export type { Failure } from './failure.ts';
export type { WireUserId } from './ids.ts';
export type { HistoryMessage, HistoryPage, Replies, RoomCreated, RoomMember, RoomView, Sent, SentToMany } from './replies.ts';
