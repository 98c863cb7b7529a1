/** The keys that several payloads from clients have. The `description` of a key ends the sentence "<key> must be …". */
import { Type } from 'typebox';
import { idProblem } from './ids.ts';
import { limits } from './limits.ts';

/**
 * Characters are Unicode code points. Half a surrogate pair is refused, since UTF-8 replaces it and two texts would become
 * one; so are control characters, which do harm in logs and terminals.
 */
export function printableText(max: number) {
  return Type.String({ pattern: `^[^\\p{Cc}\\p{Cs}]{1,${max}}$`, description: `a string of 1 to ${max} printable characters` });
}

export function flag() {
  return Type.Boolean({ description: 'true or false' });
}

export function oneOf<Value extends string>(...values: Value[]) {
  return Type.Enum(values, { description: `one of ${values.map((value) => `"${value}"`).join(', ')}` });
}

export function wholeNumber(minimum: number, maximum: number) {
  return Type.Integer({ minimum, maximum, description: `a whole number from ${minimum} to ${maximum}` });
}

export function userList(min: number) {
  return Type.Array(userId, {
    minItems: min,
    maxItems: limits.usersPerEventMax,
    description: `a list of ${min} to ${limits.usersPerEventMax} user ids`,
  });
}

const idText = `a string of 1 to ${limits.idCharactersMax} characters`;

/** An id as `idProblem` has it. */
export const id = Type.Refine(Type.String({ description: idText }), (text) => idProblem(text) === undefined);

export const userId = Type.Union([Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }), id], {
  description: `${idText} or a whole number`,
});

/** Message ids go out as strings of digits; a number is taken too. */
export const messageId = Type.Union(
  [Type.String({ pattern: '^[0-9]{1,15}$' }), Type.Integer({ minimum: 0, maximum: 999_999_999_999_999 })],
  {
    description: 'the id of a message: up to 15 digits, as a string or a number',
  },
);

/** A key that must not be there, as another one is. */
export const absent = Type.Optional(Type.Never());

export const content = Type.Unknown({ description: 'any JSON value' });
export const messageType = printableText(64);
export const userState = oneOf('online', 'away', 'dnd', 'invisible');
export const seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'the seq of a message, a whole number' });

/** Lines may break here, so of the control characters only the one that PostgreSQL cannot store is refused. */
export const statusText = Type.String({ pattern: '^[^\\0\\p{Cs}]{0,256}$', description: 'a string of up to 256 characters' });

/** Clients of the project's origin name themselves in most payloads. */
export const sender = { sender_id: Type.Optional(userId) };
export const self = { ...sender, user_id: Type.Optional(userId) };
