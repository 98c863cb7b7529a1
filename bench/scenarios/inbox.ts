/** An inbox whose owner is away: it is filled by many, then its owner comes. Shared by (e) and (i). */
import { type Cost, type ServerProcess, startMeter } from '../lib/server-process.ts';
import { within } from '../lib/waiting.ts';
import type { Mail, OpenMail } from '../load/mail.ts';

export interface Filling {
  readonly messages: number;
  readonly senders: number;
  readonly inFlight: number;
  /** No more messages are sent after this time: some systems would take an hour. */
  readonly secondsMax: number;
}

const timeoutMs = 120_000;

interface Counts {
  acknowledged: number;
  delivered: number;
  onChange: () => void;
}

export class Inbox {
  readonly #server: ServerProcess;
  readonly #mail: Mail;
  readonly #number: number;
  readonly #counts: Counts;

  private constructor(server: ServerProcess, mail: Mail, number: number, counts: Counts) {
    this.#server = server;
    this.#mail = mail;
    this.#number = number;
    this.#counts = counts;
  }

  /** Without senders it is an inbox that was made before. */
  static async open(openMail: OpenMail, server: ServerProcess, senders: number, number = 0): Promise<Inbox> {
    const counts: Counts = { acknowledged: 0, delivered: 0, onChange: () => {} };
    let refill: (sender: number) => void = () => {};
    const mail = await openMail(server.address, {
      onAcknowledged: (sender) => {
        counts.acknowledged += 1;
        refill(sender);
        counts.onChange();
      },
      onDelivered: () => {
        counts.delivered += 1;
        counts.onChange();
      },
    });
    const inbox = new Inbox(server, mail, number, counts);
    refill = (sender) => inbox.#refill(sender);
    if (senders > 0) await mail.makeInboxes(number + 1);
    await mail.connectSenders(senders, number);
    return inbox;
  }

  #toSend = 0;
  #deadline = 0;
  #sent = 0;

  /** Resolves with the cost, and how many messages were added. */
  async fill({ messages, senders, inFlight, secondsMax }: Filling): Promise<{ cost: Cost; queued: number }> {
    const before = this.#sent;
    this.#toSend = before + messages;
    this.#deadline = performance.now() + secondsMax * 1000;
    const endMeter = startMeter(this.#server);
    const done = this.#until(() => this.#counts.acknowledged === this.#sent);
    for (let count = 0; count < inFlight; count++) for (let sender = 0; sender < senders; sender++) this.#refill(sender);
    await this.#mail.guard(done, timeoutMs, 'messages were not acknowledged');
    return { cost: endMeter(), queued: this.#sent - before };
  }

  /** Brings the owner online; resolves when it has everything: what was sent, and what is known to wait from before. */
  async catchUp(queuedBefore = 0): Promise<Cost> {
    this.#sent += queuedBefore;
    const endMeter = startMeter(this.#server);
    const done = this.#until(() => this.#counts.delivered >= this.#sent);
    await this.#mail.guard(this.#mail.read(this.#number), timeoutMs, 'the owner could not come');
    await this.#mail.guard(done, timeoutMs, `only part of ${this.#sent} messages came`);
    const cost = endMeter();
    if (this.#counts.delivered !== this.#sent) throw new Error(`${this.#counts.delivered} messages came, ${this.#sent} were sent`);
    return cost;
  }

  async close(): Promise<void> {
    await within(this.#mail.close(), timeoutMs, 'the clients do not close');
  }

  #refill(sender: number): void {
    if (this.#sent >= this.#toSend || performance.now() > this.#deadline) return;
    this.#sent += 1;
    this.#mail.send(sender);
  }

  /** Asked after each change. */
  #until(isDone: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#counts.onChange = () => {
      if (isDone()) resolve();
    };
    return promise;
  }
}
