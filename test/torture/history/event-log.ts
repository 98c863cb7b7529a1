/**
 * Keeps millions of events in a few bytes each, to be read back only when a failure has to be explained.
 * A record is its kind, its time and the fields of its kind, all as 32-bit numbers.
 */
import { Column } from './column.ts';
import type { EventKind, HistoryEvent, TimedEvent } from './events.ts';

type FieldOf<Kind extends EventKind> = Exclude<keyof Extract<HistoryEvent, { kind: Kind }>, 'kind'>;

const fields: { readonly [Kind in EventKind]: readonly FieldOf<Kind>[] } = {
  up: ['node'],
  down: ['node', 'killed'],
  stopped: ['node'],
  continued: ['node'],
  storeDown: [],
  storeUp: [],
  busDown: [],
  busUp: [],
  open: ['connection', 'reader', 'node'],
  registered: ['connection', 'queued', 'missed'],
  unsure: ['connection'],
  closed: ['connection', 'silent'],
  send: ['connection', 'message', 'stream', 'group', 'echo', 'named'],
  retry: ['connection', 'message'],
  ok: ['connection', 'message', 'seq', 'id', 'duplicate'],
  refused: ['connection', 'message', 'code'],
  unknown: ['connection', 'message'],
  delivered: ['connection', 'stream', 'seq', 'id', 'message', 'redelivered'],
  acknowledged: ['connection', 'stream', 'seq'],
  join: ['connection', 'stream'],
  joined: ['connection', 'stream'],
  leave: ['connection', 'stream'],
  left: ['connection', 'stream'],
  presence: ['askedAtMs', 'online', 'node'],
};

const kinds = Object.keys(fields).filter((kind): kind is EventKind => kind in fields);
const kindNumbers = new Map<string, number>(kinds.map((kind, index) => [kind, index]));

/** An event as it was kept: flags are 0 or 1. */
export interface KeptEvent {
  readonly kind: EventKind;
  readonly atMs: number;
  readonly values: Readonly<Record<string, number | string>>;
}

export class EventLog {
  readonly #numbers = new Column();
  readonly #codes: string[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(event: TimedEvent): void {
    this.#numbers.push(kindNumbers.get(event.kind) ?? 0);
    this.#numbers.push(Math.round(event.atMs));
    for (const name of fields[event.kind]) this.#numbers.push(this.#toNumber(Reflect.get(event, name)));
    this.#length += 1;
  }

  *[Symbol.iterator](): Generator<KeptEvent> {
    let at = 0;
    for (let index = 0; index < this.#length; index++) {
      const kind = kinds[this.#numbers.get(at)] ?? 'up';
      const names: readonly string[] = fields[kind];
      const values = Object.fromEntries(names.map((name, offset) => [name, this.#fromNumber(name, this.#numbers.get(at + 2 + offset))]));
      yield { kind, atMs: this.#numbers.get(at + 1), values };
      at += 2 + names.length;
    }
  }

  #toNumber(value: unknown): number {
    if (typeof value !== 'string') return Number(value ?? 0);
    const known = this.#codes.indexOf(value);
    return known >= 0 ? known : this.#codes.push(value) - 1;
  }

  #fromNumber(name: string, value: number): number | string {
    return name === 'code' ? (this.#codes[value] ?? '') : value;
  }
}
