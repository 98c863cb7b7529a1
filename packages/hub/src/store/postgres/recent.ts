/**
 * Results of lane 1 in commit order, although lane 0 announces messages meanwhile.
 *
 * What was announced before a batch of lane 1 began was seen by it. What is announced until the batch is answered may be missing from its
 * results: the heads of a reader are raised over it. A member's `joinedSeq` needs that not, since no message to a room is under way then.
 */
import type { SharedMessage } from '../../ports/shared-store.ts';
import type { OpenedReader, ReaderStream, StreamId } from '../../ports/store.ts';

export class Recent {
  #messages: Map<StreamId, SharedMessage[]> | undefined;

  /** A batch of lane 1 begins. */
  begin(): void {
    this.#messages = new Map();
  }

  /** It was answered. */
  end(): void {
    this.#messages = undefined;
  }

  add(messages: readonly SharedMessage[]): void {
    if (this.#messages === undefined) return;
    for (const message of messages) {
      const known = this.#messages.get(message.stream);
      if (known === undefined) this.#messages.set(message.stream, [message]);
      else known.push(message);
    }
  }

  /** `mayHaveAll`: all of it may have been written to another connection of this reader. */
  raise(opened: OpenedReader, userId: string, mayHaveAll: boolean): OpenedReader {
    if (this.#messages === undefined || this.#messages.size === 0) return opened;
    return { ...opened, streams: opened.streams.map((place) => this.#raisePlace(place, userId, mayHaveAll)) };
  }

  #raisePlace(place: ReaderStream, userId: string, mayHaveAll: boolean): ReaderStream {
    const above = this.#messages?.get(place.stream)?.filter(({ seq }) => seq > place.head) ?? [];
    const last = above.at(-1);
    if (last === undefined) return place;
    const head = last.seq;
    const silent = above.filter(({ senderId, echo }) => senderId === userId && !echo).length;
    return { ...place, head, written: mayHaveAll ? head : place.written, queued: place.queued + head - place.head - silent };
  }
}
