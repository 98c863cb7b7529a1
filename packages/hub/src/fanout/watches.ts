/** Which sessions watch the presence of which users, and of the members of which rooms. */
import type { Session } from '../ports/session.ts';

/** `user:<id>` or `room:<id>`, as streams are named. */
export type WatchTopic = string;

export class Watches {
  readonly #perSessionMax: number;
  readonly #watchers = new Map<WatchTopic, Set<Session>>();
  readonly #topics = new Map<Session, Set<WatchTopic>>();

  constructor(perSessionMax: number) {
    this.#perSessionMax = perSessionMax;
  }

  /** False, and nothing is watched that was not, if the session would then watch more than it may. */
  watch(session: Session, topics: readonly WatchTopic[]): boolean {
    const watched = this.#topics.get(session);
    const fresh = new Set(topics.filter((topic) => !watched?.has(topic)));
    if ((watched?.size ?? 0) + fresh.size > this.#perSessionMax) return false;
    for (const topic of fresh) {
      add(this.#watchers, topic, session);
      add(this.#topics, session, topic);
    }
    return true;
  }

  unwatch(session: Session, topics: readonly WatchTopic[]): void {
    for (const topic of topics) {
      remove(this.#watchers, topic, session);
      remove(this.#topics, session, topic);
    }
  }

  /** Ends all watches of a session that has closed. */
  forget(session: Session): void {
    for (const topic of this.#topics.get(session) ?? []) remove(this.#watchers, topic, session);
    this.#topics.delete(session);
  }

  /** Ends all watches of a room that is gone. */
  end(topic: WatchTopic): void {
    for (const session of this.#watchers.get(topic) ?? []) remove(this.#topics, session, topic);
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

function remove<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const values = index.get(key);
  if (values?.delete(value) && values.size === 0) index.delete(key);
}
