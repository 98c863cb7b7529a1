import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor } from './actor/actor.ts';

/** Rejects with who is not ready, if some are not in time. */
export async function until(what: string, actors: readonly Actor[], isReady: (actor: Actor) => boolean, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const waiting = actors.filter((actor) => !isReady(actor));
    if (waiting.length === 0) return;
    if (performance.now() > endMs) throw new Error(`These did not ${what} in ${timeoutMs / 1000} s: ${waiting.join('; ')}`);
    await sleep(50);
  }
}
