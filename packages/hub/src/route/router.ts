/**
 * From an event to a command (stage three): is it known, is its payload valid, is the sender who it says, and then the
 * command. Every failure comes back as one coded error. What the application does goes the same way, see `operate`.
 */
import {
  type CommandName,
  type CommandPayload,
  checkPayload,
  HubError,
  isCommandName,
  isPayloadOf,
  type ReplyTo,
  userIdFromWire,
} from '@parley/protocol';
import type { InboundEvent } from '../ports/connection.ts';
import { ack } from './commands/ack.ts';
import { broadcast } from './commands/broadcast.ts';
import { type Call, type Caller, type Command, type Reply, replyText } from './commands/command.ts';
import { createRoom } from './commands/create-room.ts';
import { deleteRoom } from './commands/delete-room.ts';
import { history } from './commands/history.ts';
import { joinRoom } from './commands/join-room.ts';
import { leaveRoom } from './commands/leave-room.ts';
import { members } from './commands/members.ts';
import { message } from './commands/message.ts';
import { pingHub } from './commands/ping-hub.ts';
import { presence } from './commands/presence.ts';
import { roomMessage } from './commands/room-message.ts';
import { setState } from './commands/set-state.ts';
import { signal } from './commands/signal.ts';
import { contentFromValue, contentText } from './content.ts';
import type { Services } from './services.ts';

/** `register` is not here: it makes the caller that all the others have, and belongs to the connection. */
export type RoutedName = Exclude<CommandName, 'register'>;

const commands: { readonly [Name in RoutedName]: Command<Name> } = {
  message,
  create_room: createRoom,
  join_room: joinRoom,
  leave_room: leaveRoom,
  members,
  delete_room: deleteRoom,
  room_message: roomMessage,
  broadcast,
  signal,
  set_state: setState,
  presence,
  history,
  ack,
  ping_hub: pingHub,
};

/** Commands that change what the commands after them may do. Those wait, so that a client need not. */
const barriers: ReadonlySet<string> = new Set<CommandName>(['register', 'create_room', 'join_room', 'leave_room', 'delete_room']);

export const isBarrier = (event: InboundEvent): boolean => barriers.has(event.name);

/** Commands that read much from the store for a short event. Only so many of them are in the store at once, see `ReadGate`. */
const reads: ReadonlySet<string> = new Set(['history', 'members', 'presence']);

export const isRead = (event: InboundEvent): boolean => reads.has(event.name);

/** The known name of an event, or `unknown_event`. */
export function commandName(event: InboundEvent): CommandName {
  if (isCommandName(event.name)) return event.name;
  throw new HubError('unknown_event', { message: `The hub does not know the event ${JSON.stringify(event.name.slice(0, 64))}.` });
}

/** The event's payload if it has the form that the command needs, or `invalid_payload`. */
export function payloadOf<Name extends CommandName>(name: Name, event: InboundEvent): CommandPayload<Name> {
  return checked(name, event.args[0]);
}

function checked<Name extends CommandName>(name: Name, payload: unknown): CommandPayload<Name> {
  if (isPayloadOf(name, payload)) return payload;
  throw new HubError('invalid_payload', { message: `${checkPayload(name, payload)}.` });
}

/** Executes an event of a client: any command but `register`. */
export async function execute(services: Services, name: RoutedName, caller: Caller, event: InboundEvent): Promise<Reply<object>> {
  const payload = payloadOf(name, event);
  requireOwnName(name, payload, caller.userId);
  return call(name, { services, caller, payload, textOf: (key) => contentText(event, key, services.limits) });
}

/**
 * Does what a command does for the application itself, in the name of a user: with the same checks and limits, and the same result or
 * refusal. Keys that are undefined count as left out.
 */
export async function operate<Name extends RoutedName>(
  services: Services,
  name: Name,
  userId: string,
  given: object,
): Promise<ReplyTo<Name>> {
  const payload = checked(name, Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
  const caller = { userId, session: undefined, isApplication: true } as const;
  const textOf = (key: 'content' | 'data') => contentFromValue(fieldOf(payload, key), key, services.limits);
  return JSON.parse(replyText(await call(name, { services, caller, payload, textOf })));
}

function call<Name extends RoutedName>(name: Name, one: Call<Name>): ReturnType<Command<Name>> {
  const command: Command<Name> = commands[name];
  return command(one);
}

/** In these payloads `user_id` is somebody else. */
const othersUserId: ReadonlySet<CommandName> = new Set(['history']);

/** `sender_id` and `user_id` are optional, and if given they are the caller's (I10). */
function requireOwnName(name: CommandName, payload: unknown, userId: string): void {
  for (const key of ['sender_id', 'user_id']) {
    if (key === 'user_id' && othersUserId.has(name)) continue;
    const given = fieldOf(payload, key);
    if ((typeof given === 'string' || typeof given === 'number') && userIdFromWire(given) !== userId) throw new HubError('sender_mismatch');
  }
}

/** `ping_hub` may have any payload. */
function fieldOf(payload: unknown, key: string): unknown {
  return typeof payload === 'object' && payload !== null && Object.hasOwn(payload, key) ? Reflect.get(payload, key) : undefined;
}
