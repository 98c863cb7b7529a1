/** Every message that was sent, with what is known of its attempts; and every place of a stream that is known to be taken. */
import { Column } from './column.ts';
import type { HistoryEvent } from './events.ts';

type Sent = Extract<HistoryEvent, { kind: 'send' }>;

const echoFlag = 1;
const namedFlag = 2;

export class Messages {
  readonly #sender = new Column();
  readonly #stream = new Column();
  readonly #flags = new Column();
  readonly #group = new Column();
  readonly #connection = new Column();
  readonly #sentAt = new Column();
  readonly #attempts = new Column();
  readonly #acknowledged = new Column();
  readonly #refused = new Column();
  readonly #unknown = new Column();
  readonly #seq = new Column();
  readonly #seqFloor = new Column();

  get count(): number {
    return this.#sender.length;
  }

  /** `at` is the number of the event, `seqFloor` a `seq` of its stream that this message must come after. */
  sent(event: Sent, sender: number, at: number, seqFloor: number): void {
    const { message } = event;
    this.#sender.set(message, sender);
    this.#stream.set(message, event.stream);
    this.#flags.set(message, (event.echo ? echoFlag : 0) | (event.named ? namedFlag : 0));
    this.#group.set(message, event.group);
    this.#connection.set(message, event.connection);
    this.#sentAt.set(message, at);
    this.#seqFloor.set(message, seqFloor);
    this.attempted(message);
  }

  attempted(message: number): void {
    this.#attempts.set(message, this.#attempts.get(message) + 1);
  }

  answered(message: number, outcome: 'ok' | 'refused' | 'unknown'): void {
    const column = outcome === 'ok' ? this.#acknowledged : outcome === 'refused' ? this.#refused : this.#unknown;
    column.set(message, column.get(message) + 1);
  }

  stored(message: number, seq: number): void {
    if (this.#seq.get(message) === 0) this.#seq.set(message, seq);
  }

  sender(message: number): number {
    return this.#sender.get(message);
  }

  stream(message: number): number {
    return this.#stream.get(message);
  }

  /** The connection of the first attempt. */
  connection(message: number): number {
    return this.#connection.get(message);
  }

  echo(message: number): boolean {
    return (this.#flags.get(message) & echoFlag) !== 0;
  }

  named(message: number): boolean {
    return (this.#flags.get(message) & namedFlag) !== 0;
  }

  /** How many messages from this one on were one event with the same content. */
  group(message: number): number {
    return this.#group.get(message);
  }

  /** The number of the event that sent it first. */
  sentAt(message: number): number {
    return this.#sentAt.get(message);
  }

  attempts(message: number): number {
    return this.#attempts.get(message);
  }

  /** 0 if it is not known, or not stored. */
  seq(message: number): number {
    return this.#seq.get(message);
  }

  seqFloor(message: number): number {
    return this.#seqFloor.get(message);
  }

  isAcknowledged(message: number): boolean {
    return this.#acknowledged.get(message) > 0;
  }

  /** How many attempts ended without an answer. */
  unknownAttempts(message: number): number {
    return this.#unknown.get(message);
  }

  refusedAttempts(message: number): number {
    return this.#refused.get(message);
  }

  /** Every attempt so far was refused, so it must not be in the log. */
  isRefused(message: number): boolean {
    return this.#refused.get(message) > 0 && this.#refused.get(message) === this.#attempts.get(message);
  }

  /** Some attempts have no outcome yet. */
  isOpen(message: number): boolean {
    const answered = this.#acknowledged.get(message) + this.#refused.get(message) + this.#unknown.get(message);
    return answered < this.#attempts.get(message);
  }
}

/** One stream as it was seen in acknowledgements and deliveries. */
export class StreamView {
  readonly #messages = new Column();
  readonly #ids = new Column();

  /** The highest `seq` that was seen. */
  get head(): number {
    return Math.max(0, this.#messages.length - 1);
  }

  /** Undefined if nobody has seen what is there. */
  messageAt(seq: number): number | undefined {
    const message = this.#messages.get(seq);
    return message === 0 ? undefined : message - 1;
  }

  idAt(seq: number): number {
    return this.#ids.get(seq);
  }

  take(seq: number, message: number, id: number): void {
    if (this.messageAt(seq) !== undefined) return;
    this.#messages.set(seq, message + 1);
    this.#ids.set(seq, id);
  }
}
