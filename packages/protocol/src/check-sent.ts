/** For tests of a hub, or of another implementation of one: is what it sends what the tables promise? */
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { hubEvents } from './events.ts';
import { failure } from './failure.ts';
import { replies } from './replies.ts';

const tables: readonly Readonly<Record<string, TSchema>>[] = [hubEvents, replies];
const replyForms: readonly TSchema[] = [...Object.values(replies), failure];

/** What is wrong with an event that a hub has sent; undefined if it has its form. */
export function sentEventProblem(name: string, payload: unknown): string | undefined {
  const forms = tables.filter((table) => Object.hasOwn(table, name)).map((table) => table[name]);
  if (forms.some((form) => form !== undefined && Value.Check(form, payload))) return undefined;
  return `the hub sent "${name}" in a form that its table does not have: ${JSON.stringify(payload)}`;
}

/** The same for what an acknowledgement callback was given. */
export function sentReplyProblem(payload: unknown): string | undefined {
  if (replyForms.some((form) => Value.Check(form, payload))) return undefined;
  return `the hub answered in a form that no reply has: ${JSON.stringify(payload)}`;
}
