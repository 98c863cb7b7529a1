/** Says in words what is wrong with a payload that has failed the compiled check of its schema. */
import type { TSchema } from 'typebox';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { idProblem } from './ids.ts';

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names the first key that is wrong. */
export function explain(schema: TSchema, payload: Record<string, unknown>): string {
  for (const [key, property] of Object.entries(propertiesFor(schema, payload))) {
    if (!Object.hasOwn(payload, key)) {
      if (!Type.IsOptional(property)) return `${key} is missing`;
    } else if (!Value.Check(property, payload[key])) {
      return `${key} ${problemOf(property, payload[key])}`;
    }
  }
  return 'the payload does not have the form of this event';
}

/** Of several forms the one that may have all the keys that were given. */
function propertiesFor(schema: TSchema, payload: object): Record<string, TSchema> {
  const forms = Type.IsUnion(schema) ? schema.anyOf : [schema];
  const objects = forms.filter((form) => Type.IsObject(form));
  const fits = objects.find(({ properties }) =>
    Object.entries(properties).every(([key, property]) => !Type.IsNever(property) || !Object.hasOwn(payload, key)),
  );
  return fits?.properties ?? {};
}

/** An id that is a text has a reason of its own. */
function problemOf(property: TSchema, value: unknown): string {
  const description = 'description' in property && typeof property.description === 'string' ? property.description : 'of another form';
  const problem = isId(property) && typeof value === 'string' ? idProblem(value) : undefined;
  return problem ?? `must be ${description}`;
}

function isId(property: TSchema): boolean {
  return Type.IsRefine(property) || (Type.IsUnion(property) && property.anyOf.some((form) => Type.IsRefine(form)));
}
