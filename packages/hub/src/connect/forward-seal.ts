/**
 * Proves to the internal listener of a node that a request comes from another node of its cluster, and that it has not come before.
 *
 *     parley-forward: <sender>.<count>.<mac of sender, count, method and path>
 *
 * No clock has a part in it, since those of two nodes may differ by any time. `sender` is a random name for each start of a node, `count`
 * goes up with each request, and the receiver remembers for each sender which of the last counts it has seen.
 *
 * The body is not sealed, nor is anything hidden: who can read or change what goes between nodes reads and changes sessions.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Random } from '../lib/random.ts';

export const sealHeader = 'parley-forward';

/** Requests of one sender may overtake one another by so many. */
const windowCounts = 4096;
/** The one that was silent for longest is forgotten. Each start of a node is one. */
const sendersMax = 256;

const form = /^([\w-]{1,64})\.(\d{1,15})\.([\w-]{43})$/;

/** Gives the header for a request. */
export type Seal = (method: string, path: string) => string;

export function forwardSeal(secret: string, random: Random): Seal {
  const macOf = macWith(secret);
  const sender = random.id();
  let count = 0;
  return (method, path) => {
    count += 1;
    const stamp = `${sender}.${count}`;
    return `${stamp}.${macOf(stamp, method, path).toString('base64url')}`;
  };
}

/** Whether the header is right for the request, and new. */
export type SealCheck = (header: string | undefined, method: string, path: string) => boolean;

export function forwardSealCheck(secret: string): SealCheck {
  const macOf = macWith(secret);
  /** In the order in which they were last heard. */
  const senders = new Map<string, SeenCounts>();
  return (header, method, path) => {
    const [, sender = '', count = '', mac = ''] = form.exec(header ?? '') ?? [];
    if (mac === '') return false;
    if (!timingSafeEqual(Buffer.from(mac, 'base64url'), macOf(`${sender}.${count}`, method, path))) return false;
    const seen = senders.get(sender) ?? new SeenCounts();
    senders.delete(sender);
    senders.set(sender, seen);
    const [oldest] = senders.keys();
    if (senders.size > sendersMax && oldest !== undefined) senders.delete(oldest);
    return seen.add(Number(count));
  };
}

class SeenCounts {
  readonly #seen = new Set<number>();
  /** At or below it everything counts as seen. */
  #floor = 0;

  /** False: it was seen before, or is too old to tell. */
  add(count: number): boolean {
    if (count <= this.#floor || this.#seen.has(count)) return false;
    this.#seen.add(count);
    const floor = Math.max(this.#floor, count - windowCounts);
    // Counts that were never sent here are no gap to walk through: there are never more in the set than a window.
    if (floor - this.#floor > windowCounts) this.#forget(floor);
    else while (this.#floor < floor) this.#seen.delete(++this.#floor);
    this.#floor = floor;
    return true;
  }

  #forget(floor: number): void {
    for (const count of this.#seen) if (count <= floor) this.#seen.delete(count);
  }
}

function macWith(secret: string): (stamp: string, method: string, path: string) => Buffer {
  const key = createHmac('sha256', secret).update('forwarded request').digest();
  return (stamp, method, path) => createHmac('sha256', key).update([stamp, method, path].join(' ')).digest();
}
