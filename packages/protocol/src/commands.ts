/**
 * The events that a client may send: one table with the form of each payload, the rules between its keys, and
 * the event that answers it. Types, checks and the explanations of a failed check all come from these schemas.
 *
 * Unknown keys are ignored. The `description` of a key ends the sentence "<key> must be …".
 */
import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { explain, isRecord } from './explain.ts';
import {
  absent,
  content,
  flag,
  id,
  messageId,
  messageType,
  oneOf,
  printableText,
  self,
  sender,
  seq,
  statusText,
  userId,
  userList,
  userState,
  wholeNumber,
} from './fields.ts';
import { limits } from './limits.ts';
import type { Replies, ReplyName, Sent } from './replies.ts';

/** Explains which keys are wrong together; `undefined` if none are. */
type Rule = (payload: object) => string | undefined;

function exactlyOne(a: string, b: string): Rule {
  return (payload) => (countOf(payload, a, b) === 1 ? undefined : `exactly one of ${a} and ${b} is needed`);
}

function atLeastOne(a: string, b: string): Rule {
  return (payload) => (countOf(payload, a, b) > 0 ? undefined : `${a} or ${b} is needed, or both`);
}

function atMostOne(a: string, b: string): Rule {
  return (payload) => (countOf(payload, a, b) < 2 ? undefined : `${a} and ${b} do not go together, give one of them`);
}

function countOf(payload: object, ...keys: string[]): number {
  return keys.filter((key) => Object.hasOwn(payload, key)).length;
}

interface Command<Reply extends ReplyName = ReplyName, Schema extends TSchema = TSchema> {
  readonly schema: Schema;
  /** The event that carries the answer to a client which gave no acknowledgement callback. */
  readonly reply: Reply;
  readonly rules: readonly Rule[];
  readonly hasForm: (payload: unknown) => boolean;
}

function command<Reply extends ReplyName, Schema extends TSchema>(reply: Reply, schema: Schema, ...rules: Rule[]): Command<Reply, Schema> {
  const validator = Compile(schema);
  return { schema, reply, rules, hasForm: (payload) => validator.Check(payload) };
}

const messageKeys = {
  ...self,
  content,
  type: Type.Optional(messageType),
  client_msg_id: Type.Optional(id),
};
const directKeys = { ...messageKeys, receipt: Type.Optional(flag()) };
const signalKeys = { ...self, kind: printableText(64), data: Type.Optional(content) };
const historyKeys = {
  ...sender,
  before_id: Type.Optional(messageId),
  after_id: Type.Optional(messageId),
  limit: Type.Optional(wholeNumber(1, limits.historyLimitMax)),
};
const pageLimit = Type.Optional(wholeNumber(1, limits.pageLimitMax));

/** All events that a client may send, in the order of the documentation. */
export const commandTable = {
  register: command(
    'registered',
    Type.Object({
      user_id: userId,
      device_id: Type.Optional(id),
      ack: Type.Optional(oneOf('pong', 'explicit')),
      state: Type.Optional(userState),
    }),
  ),
  message: command(
    'message_sent',
    Type.Union([
      Type.Object({ ...directKeys, recipient_id: userId, recipient_ids: absent }),
      Type.Object({ ...directKeys, recipient_ids: userList(1), recipient_id: absent }),
    ]),
    exactlyOne('recipient_id', 'recipient_ids'),
  ),
  create_room: command(
    'room_created',
    Type.Object({
      ...self,
      room_id: Type.Optional(id),
      room_name: printableText(256),
      is_private: Type.Optional(flag()),
      max_members: Type.Optional(wholeNumber(1, limits.roomMembersMax)),
    }),
  ),
  join_room: command('joined_room', Type.Object({ ...self, room_id: id })),
  leave_room: command('left_room', Type.Object({ ...self, room_id: id })),
  members: command('members_page', Type.Object({ ...self, room_id: id, after: Type.Optional(userId), limit: pageLimit })),
  delete_room: command('room_deleted', Type.Object({ ...self, room_id: id })),
  room_message: command('message_sent', Type.Object({ ...messageKeys, room_id: id, echo: Type.Optional(flag()) })),
  broadcast: command(
    'broadcast_sent',
    Type.Object({ ...self, content, type: Type.Optional(messageType), exclude: Type.Optional(userList(0)) }),
  ),
  signal: command(
    'signal_sent',
    Type.Union([
      Type.Object({ ...signalKeys, room_id: id, recipient_id: absent }),
      Type.Object({ ...signalKeys, recipient_id: userId, room_id: absent }),
    ]),
    exactlyOne('room_id', 'recipient_id'),
  ),
  set_state: command('state_set', Type.Object({ ...self, state: userState, status_text: Type.Optional(statusText) })),
  presence: command(
    'presence_list',
    Type.Object({
      ...self,
      user_ids: Type.Optional(userList(0)),
      room_id: Type.Optional(id),
      watch: Type.Optional(flag()),
      // Of the members of the room.
      after: Type.Optional(userId),
      limit: pageLimit,
    }),
    atLeastOne('user_ids', 'room_id'),
  ),
  history: command(
    'history_page',
    Type.Union([
      Type.Object({ ...historyKeys, room_id: id, user_id: absent }),
      // Not the sender, but the other side of the conversation.
      Type.Object({ ...historyKeys, user_id: userId, room_id: absent }),
    ]),
    exactlyOne('room_id', 'user_id'),
    atMostOne('before_id', 'after_id'),
  ),
  ack: command('acked', Type.Object({ ...self, room_id: Type.Optional(id), seq })),
  ping_hub: command('pong_hub', Type.Unknown()),
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commandTable;

/** The payload of a command, such as `CommandPayload<'join_room'>`. */
export type CommandPayload<Name extends CommandName> = Static<(typeof commandTable)[Name]['schema']>;

/** What a command is answered with if it succeeds. */
export type ReplyTo<Name extends CommandName> = Name extends 'room_message' ? Sent : Replies[(typeof commandTable)[Name]['reply']];

/** True for the names in the table only, whatever a peer calls its event (`__proto__`, `constructor`). */
export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commandTable, name);
}

/** True if `checkPayload` finds nothing wrong. */
export function isPayloadOf<Name extends CommandName>(name: Name, payload: unknown): payload is CommandPayload<Name> {
  const { rules, hasForm }: Command = commandTable[name];
  return hasForm(payload) && (!isRecord(payload) || rules.every((rule) => rule(payload) === undefined));
}

/** `undefined` if the payload is valid, otherwise what is wrong with it: `content is missing`, `room_id must be …`. */
export function checkPayload(name: CommandName, payload: unknown): string | undefined {
  const { schema, rules }: Command = commandTable[name];
  if (isPayloadOf(name, payload)) return undefined;
  if (!isRecord(payload)) return 'the payload must be one JSON object';
  // Which keys belong together comes first: without it, it is not known which others are missing.
  return rules.map((rule) => rule(payload)).find((problem) => problem !== undefined) ?? explain(schema, payload);
}
