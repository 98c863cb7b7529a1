import { HubError } from '@parley/protocol';
import type { Lane } from '../../ports/shared-store.ts';

interface Line {
  lane: Lane;
  running: number;
  readonly waiting: { readonly lane: Lane; readonly start: () => void }[];
}

/** Calls that wait for another lane; above it they are refused. */
const waitingMax = 10_000;

/** Keeps the calls on one stream in order, although they go through two lanes: one lane waits until the other's calls have ended. */
export class Turns {
  readonly #lines = new Map<string, Line>();
  #waiting = 0;

  run<T>(key: string, lane: Lane, start: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(key);
    if (line === undefined) {
      this.#lines.set(key, { lane, running: 1, waiting: [] });
      return this.#track(key, start());
    }
    if (line.lane === lane && line.waiting.length === 0) {
      line.running += 1;
      return this.#track(key, start());
    }
    if (this.#waiting >= waitingMax) return Promise.reject(new HubError('overloaded', { retryAfterS: 1 }));
    this.#waiting += 1;
    return new Promise((resolve) => line.waiting.push({ lane, start: () => resolve(this.#track(key, start())) }));
  }

  #track<T>(key: string, call: Promise<T>): Promise<T> {
    const end = (): void => this.#end(key);
    call.then(end, end);
    return call;
  }

  #end(key: string): void {
    const line = this.#lines.get(key);
    if (line === undefined) return;
    line.running -= 1;
    if (line.running > 0) return;
    const [next] = line.waiting;
    if (next === undefined) {
      this.#lines.delete(key);
      return;
    }
    line.lane = next.lane;
    const other = line.waiting.findIndex(({ lane }) => lane !== next.lane);
    const started = line.waiting.splice(0, other === -1 ? line.waiting.length : other);
    line.running = started.length;
    this.#waiting -= started.length;
    for (const { start } of started) start();
  }
}
