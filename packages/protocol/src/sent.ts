/** What the schemas of everything that the hub sends are made of. */
import { type TProperties, Type } from 'typebox';

/** An object with these keys and no other: a key that is not in the schema is not sent. */
export function exactly<Properties extends TProperties>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false });
}

export const wireUserId = Type.Union([Type.String(), Type.Integer()]);
/** Since 1970, with milliseconds. */
export const seconds = Type.Number();
export const count = Type.Integer({ minimum: 0 });
export const seqNumber = Type.Integer({ minimum: 0 });

/** A value that its receiver does not change. */
export type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Immutable<T[Key]> }
    : T;
