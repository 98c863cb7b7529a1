/**
 * Finds out which sessions of a user are only thought to be open: a client that went without a word, or whose network did, is noticed by
 * the heartbeat after `ping.interval` and `ping.timeout`. Who needs its place does not wait that long.
 */
import type { Clock } from '../lib/clock.ts';
import type { Session } from '../ports/session.ts';

/** Many times the round trip of a slow mobile network. */
const answerMaxMs = 2000;
const lookEveryMs = 50;

/**
 * Asks the sessions for a sign of life, and resolves with those that gave none within 2 s; at once when all have, or with
 * none when `isOver` says that the answer is not needed any more.
 */
export async function silentSessions(sessions: readonly Session[], clock: Clock, isOver: () => boolean): Promise<readonly Session[]> {
  const askedMs = clock.monotonic();
  // One that has a ping outstanding is asked already.
  for (const { connection } of sessions) connection.ping();
  const isSilent = ({ connection }: Session): boolean => connection.lastHeardMs <= askedMs;
  while (sessions.some(isSilent) && !isOver() && clock.monotonic() - askedMs < answerMaxMs) {
    await new Promise<void>((resolve) => void clock.after(lookEveryMs, resolve));
  }
  return isOver() ? [] : sessions.filter(isSilent);
}
