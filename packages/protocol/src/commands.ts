/**
 * The events that a client may send: one table with the form of each payload, the rules between its keys, and
 * the event that answers it. Types, checks and the explanations of a failed check all come from these schemas.
 *
 * Unknown keys are ignored. The `description` of a key ends the sentence "<key> must be …".
 */
import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import type { ReplyName } from './events.ts';
import { limits } from './limits.ts';

/**
 * Characters are Unicode code points. Half a surrogate pair is refused, since UTF-8 replaces it and two ids would become
 * one; so are control characters, which have no place in an id and do harm in logs and terminals.
 */
const printable = (max: number) => `^[^\\p{Cc}\\p{Cs}]{1,${max}}$`;

function printableText(max: number) {
  return Type.String({ pattern: printable(max), description: `a string of 1 to ${max} printable characters` });
}

function flag() {
  return Type.Boolean({ description: 'true or false' });
}

function oneOf<Value extends string>(...values: Value[]) {
  return Type.Enum(values, { description: `one of ${values.map((value) => `"${value}"`).join(', ')}` });
}

function wholeNumber(minimum: number, maximum: number) {
  return Type.Integer({ minimum, maximum, description: `a whole number from ${minimum} to ${maximum}` });
}

function userList(min: number) {
  return Type.Array(userId, {
    minItems: min,
    maxItems: limits.usersPerEventMax,
    description: `a list of ${min} to ${limits.usersPerEventMax} user ids`,
  });
}

const id = printableText(limits.idCharactersMax);

const userId = Type.Union(
  [
    Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
    Type.String({ pattern: printable(limits.idCharactersMax) }),
  ],
  { description: `a string of 1 to ${limits.idCharactersMax} printable characters or a whole number` },
);

/** Message ids go out as strings of digits; a number is taken too. */
const messageId = Type.Union([Type.String({ pattern: '^[0-9]{1,15}$' }), Type.Integer({ minimum: 0, maximum: 999_999_999_999_999 })], {
  description: 'the id of a message: up to 15 digits, as a string or a number',
});

const content = Type.Unknown({ description: 'any JSON value' });
const messageType = printableText(64);
const userState = oneOf('online', 'away', 'dnd', 'invisible');

/** Clients of the project's origin name themselves in most payloads. */
const sender = { sender_id: Type.Optional(userId) };
const self = { ...sender, user_id: Type.Optional(userId) };

const seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'the seq of a message, a whole number' });

/** Lines may break here, so of the control characters only the one that PostgreSQL cannot store is refused. */
const statusText = Type.String({ pattern: '^[^\\0\\p{Cs}]{0,256}$', description: 'a string of up to 256 characters' });

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

interface Command<Schema extends TSchema = TSchema> {
  readonly schema: Schema;
  /** The event that carries the answer to a client which gave no acknowledgement callback. */
  readonly reply: ReplyName;
  readonly rules: readonly Rule[];
  readonly hasForm: (payload: unknown) => boolean;
}

function command<Schema extends TSchema>(reply: ReplyName, schema: Schema, ...rules: Rule[]): Command<Schema> {
  const validator = Compile(schema);
  return { schema, reply, rules, hasForm: (payload) => validator.Check(payload) };
}

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
    Type.Object({
      ...self,
      recipient_id: Type.Optional(userId),
      recipient_ids: Type.Optional(userList(1)),
      content,
      type: Type.Optional(messageType),
      client_msg_id: Type.Optional(id),
      receipt: Type.Optional(flag()),
    }),
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
  room_message: command(
    'message_sent',
    Type.Object({
      ...self,
      room_id: id,
      content,
      type: Type.Optional(messageType),
      client_msg_id: Type.Optional(id),
      echo: Type.Optional(flag()),
    }),
  ),
  broadcast: command(
    'broadcast_sent',
    Type.Object({ ...self, content, type: Type.Optional(messageType), exclude: Type.Optional(userList(0)) }),
  ),
  signal: command(
    'signal_sent',
    Type.Object({
      ...self,
      room_id: Type.Optional(id),
      recipient_id: Type.Optional(userId),
      kind: printableText(64),
      data: Type.Optional(content),
    }),
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
    }),
    atLeastOne('user_ids', 'room_id'),
  ),
  history: command(
    'history_page',
    Type.Object({
      ...sender,
      room_id: Type.Optional(id),
      // Not the sender, but the other side of the conversation.
      user_id: Type.Optional(userId),
      before_id: Type.Optional(messageId),
      after_id: Type.Optional(messageId),
      limit: Type.Optional(wholeNumber(1, limits.historyLimitMax)),
    }),
    exactlyOne('room_id', 'user_id'),
    atMostOne('before_id', 'after_id'),
  ),
  ack: command('acked', Type.Object({ ...self, room_id: Type.Optional(id), seq })),
  ping_hub: command('pong_hub', Type.Unknown()),
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commandTable;

/** The payload of a command, such as `CommandPayload<'join_room'>`. */
export type CommandPayload<Name extends CommandName> = Static<(typeof commandTable)[Name]['schema']>;

/** True for the names in the table only, whatever a peer calls its event (`__proto__`, `constructor`). */
export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commandTable, name);
}

/** True if `checkPayload` finds nothing wrong. */
export function isPayloadOf<Name extends CommandName>(name: Name, payload: unknown): payload is CommandPayload<Name> {
  return checkPayload(name, payload) === undefined;
}

/** `undefined` if the payload is valid, otherwise what is wrong with it: `content is missing`, `room_id must be …`. */
export function checkPayload(name: CommandName, payload: unknown): string | undefined {
  const { schema, rules, hasForm }: Command = commandTable[name];
  if (!hasForm(payload)) return explain(schema, payload);
  if (!isRecord(payload)) return undefined;
  for (const rule of rules) {
    const problem = rule(payload);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Names the first key that is wrong. Only for payloads that have failed the compiled check. */
function explain(schema: TSchema, payload: unknown): string {
  if (!isRecord(payload) || !Type.IsObject(schema)) return 'the payload must be one JSON object';
  for (const [key, property] of Object.entries(schema.properties)) {
    if (!Object.hasOwn(payload, key)) {
      if (schema.required?.includes(key)) return `${key} is missing`;
    } else if (!Value.Check(property, payload[key])) {
      return `${key} must be ${descriptionOf(property)}`;
    }
  }
  return 'the payload does not have the form of this event';
}

function descriptionOf(schema: TSchema): string {
  return 'description' in schema && typeof schema.description === 'string' ? schema.description : 'of another form';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
