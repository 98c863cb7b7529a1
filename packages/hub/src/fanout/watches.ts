/** Who wants to hear of whose presence: single users, and the members of rooms. */
import type { Session } from '../ports/session.ts';

/** `user:<id>` or `room:<id>`, as streams are named. */
export type WatchTopic = string;

export class Watches {
  readonly #watchers = new Map<WatchTopic, Set<Session>>();
  readonly #topics = new Map<Session, Set<WatchTopic>>();

  watch(session: Session, topic: WatchTopic): void {
    add(this.#watchers, topic, session);
    add(this.#topics, session, topic);
  }

  unwatch(session: Session, topic: WatchTopic): void {
    remove(this.#watchers, topic, session);
    remove(this.#topics, session, topic);
  }

  /** Ends all watches of a session that has closed. */
  forget(session: Session): void {
    for (const topic of this.#topics.get(session) ?? []) remove(this.#watchers, topic, session);
    this.#topics.delete(session);
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
