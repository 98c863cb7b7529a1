/** For the checks' own tests: a small world, and a history written down by hand. */
import type { HistoryEvent, TimedEvent } from '../history/events.ts';
import type { World } from '../history/world.ts';
import type { Check, Violation } from './check.ts';
import { CheckRun } from './run-checks.ts';

export const ann = 0;
export const bob = 1;
export const eve = 2;
/** Stream of the one room; the inboxes of the users have their numbers. */
export const lobby = 3;

/** Readers: 0 is ann, 1 is bob, 2 is eve's phone, 3 her tablet, which acknowledges by itself. */
export const smallWorld: World = {
  users: ['ann', 'bob', 'eve'],
  rooms: ['lobby'],
  readers: [
    { user: ann, device: '', explicitAck: false },
    { user: bob, device: '', explicitAck: false },
    { user: eve, device: 'phone', explicitAck: false },
    { user: eve, device: 'tablet', explicitAck: true },
  ],
};

/** An event, 10 ms after the one before it unless it says when. */
export type Line = HistoryEvent & { readonly atMs?: number };

/** What the check finds wrong in a history. */
export function problemsOf(check: Check, lines: readonly Line[]): string[] {
  return violationsOf([check], lines).map((violation) => violation.problem);
}

export function violationsOf(checks: readonly Check[], lines: readonly Line[]): Violation[] {
  const run = new CheckRun(smallWorld, checks);
  let atMs = 0;
  for (const line of lines) {
    atMs = line.atMs ?? atMs + 10;
    const event: TimedEvent = { ...line, atMs };
    run.on(event);
  }
  run.end();
  return run.violations;
}

/** Connection 0 is ann's, 1 bob's, 2 eve's phone, 3 eve's tablet. */
export const everybodyConnects: readonly Line[] = [{ kind: 'up' }, ...[0, 1, 2, 3].flatMap((reader) => connect(reader, reader))];

export function connect(connection: number, reader: number): Line[] {
  return [
    { kind: 'open', connection, reader },
    { kind: 'registered', connection, queued: 0, missed: 0 },
  ];
}

export function close(connection: number, silent = false): Line {
  return { kind: 'closed', connection, silent };
}

/** Sends from connection 0 unless told otherwise. */
export function send(
  message: number,
  stream: number,
  more: { connection?: number; echo?: boolean; named?: boolean; group?: number } = {},
): Line {
  return { kind: 'send', connection: 0, message, stream, group: 1, echo: true, named: false, ...more };
}

/** The message's id is 100 above its number. */
export function ok(message: number, seq: number, more: { connection?: number; duplicate?: boolean; id?: number } = {}): Line {
  return { kind: 'ok', connection: 0, message, seq, id: 100 + message, duplicate: false, ...more };
}

export function deliver(
  connection: number,
  stream: number,
  seq: number,
  message: number,
  more: { redelivered?: boolean; id?: number } = {},
): Line {
  return { kind: 'delivered', connection, stream, seq, id: 100 + message, message, redelivered: false, ...more };
}

export function everybodyJoins(): Line[] {
  return [0, 1, 2].flatMap((connection): Line[] => [
    { kind: 'join', connection, stream: lobby },
    { kind: 'joined', connection, stream: lobby },
  ]);
}
