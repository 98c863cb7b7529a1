/**
 * Which sessions watch the presence of which users, and of the members of which rooms. A session may watch a few topics whatever
 * the others do, and more of them as long as there is room for all together.
 */
import type { Session } from '../ports/session.ts';

/** `user:<id>` or `room:<id>`, as streams are named. */
export type WatchTopic = string;

export interface WatchLimits {
  readonly perSessionMax: number;
  readonly totalMax: number;
}

/** What a session may watch although the total is used up. */
const watchesFloor = 100;

export class Watches {
  readonly #limits: WatchLimits;
  #total = 0;
  readonly #watchers = new Map<WatchTopic, Set<Session>>();
  readonly #topics = new Map<Session, Set<WatchTopic>>();

  constructor(limits: WatchLimits) {
    this.#limits = limits;
  }

  /** False, and nothing is watched that was not, if the session would then watch more than it may. */
  watch(session: Session, topics: readonly WatchTopic[]): boolean {
    const watched = this.#topics.get(session);
    const fresh = new Set(topics.filter((topic) => !watched?.has(topic)));
    const ofSession = (watched?.size ?? 0) + fresh.size;
    if (ofSession > this.#limits.perSessionMax) return false;
    if (ofSession > watchesFloor && this.#total + fresh.size > this.#limits.totalMax) return false;
    this.#total += fresh.size;
    for (const topic of fresh) {
      add(this.#watchers, topic, session);
      add(this.#topics, session, topic);
    }
    return true;
  }

  unwatch(session: Session, topics: readonly WatchTopic[]): void {
    for (const topic of topics) {
      if (!remove(this.#watchers, topic, session)) continue;
      remove(this.#topics, session, topic);
      this.#total -= 1;
    }
  }

  /** Ends all watches of a session that has closed. */
  forget(session: Session): void {
    for (const topic of this.#topics.get(session) ?? []) remove(this.#watchers, topic, session);
    this.#total -= this.#topics.get(session)?.size ?? 0;
    this.#topics.delete(session);
  }

  /** Ends all watches of a room that is gone. */
  end(topic: WatchTopic): void {
    for (const session of this.#watchers.get(topic) ?? []) remove(this.#topics, session, topic);
    this.#total -= this.#watchers.get(topic)?.size ?? 0;
    this.#watchers.delete(topic);
  }

  /** Everyone who watches one of the topics, each once. */
  watchers(topics: Iterable<WatchTopic>): Set<Session> {
    const found = new Set<Session>();
    for (const topic of topics) for (const session of this.#watchers.get(topic) ?? []) found.add(session);
    return found;
  }
}

function add<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const values = index.get(key);
  if (values === undefined) index.set(key, new Set([value]));
  else values.add(value);
}

/** Whether it was there. */
function remove<K, V>(index: Map<K, Set<V>>, key: K, value: V): boolean {
  const values = index.get(key);
  if (!values?.delete(value)) return false;
  if (values.size === 0) index.delete(key);
  return true;
}
