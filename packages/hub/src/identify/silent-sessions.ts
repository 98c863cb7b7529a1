/**
 * Finds out which sessions of a user are half-open. The heartbeat notices a client that vanished only after `ping.interval` and
 * `ping.timeout`, and a new connection that needs its place does not wait that long.
 */
import type { Clock } from '../lib/clock.ts';
import type { Session } from '../ports/session.ts';

/** Many times the round trip of a slow mobile network. */
const answerMaxMs = 2000;
const lookEveryMs = 50;

/**
 * Pings the sessions, and resolves with those from which nothing came within 2 s. Resolves earlier when all have answered, or
 * with none when `isOver` says that the answer is no longer needed.
 */
export async function silentSessions(sessions: readonly Session[], clock: Clock, isOver: () => boolean): Promise<readonly Session[]> {
  const askedMs = clock.monotonic();
  // A session with a ping outstanding was asked already.
  for (const { connection } of sessions) connection.ping();
  const isSilent = ({ connection }: Session): boolean => connection.lastHeardMs <= askedMs;
  await waitUntil(() => !sessions.some(isSilent) || isOver(), clock, answerMaxMs);
  return isOver() ? [] : sessions.filter(isSilent);
}

/** Looks again and again, until it is so or the time has passed. */
export async function waitUntil(isSo: () => boolean, clock: Clock, maxMs: number): Promise<void> {
  const startMs = clock.monotonic();
  while (!isSo() && clock.monotonic() - startMs < maxMs) await new Promise<void>((resolve) => void clock.after(lookEveryMs, resolve));
}
