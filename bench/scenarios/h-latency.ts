import { quantile } from '../lib/numbers.ts';
import { startMeter } from '../lib/server-process.ts';
import { pause } from '../lib/waiting.ts';
import type { Mail, OpenMail } from '../load/mail.ts';
import { type Pairs, SteadyWriters, usualPairs } from './d-direct.ts';
import type { Run, Scenario } from './scenario.ts';

const timeoutMs = 60_000;

/** Sends at a fixed rate whatever happens, and measures from when a message was due, so that a stall is not hidden. */
class SteadyRate {
  readonly #pairs: number;
  /** For each pair, when its messages under way were due. Each pair's messages come in order. */
  readonly #due: number[][];
  readonly latenciesMs: number[] = [];
  #sent = 0;

  constructor(pairs: number) {
    this.#pairs = pairs;
    this.#due = Array.from({ length: pairs }, () => []);
  }

  onDelivered(inbox: number): void {
    const due = this.#due[inbox]?.shift();
    if (due !== undefined) this.latenciesMs.push(performance.now() - due);
  }

  async send(mail: Mail, perSecond: number, seconds: number): Promise<void> {
    const start = performance.now();
    const total = Math.max(1, Math.round(perSecond * seconds));
    this.#sent = total;
    for (let count = 0; count < total; ) {
      const passedMs = performance.now() - start;
      for (; count < total && (count / perSecond) * 1000 <= passedMs; count++)
        this.#sendOne(mail, count % this.#pairs, start + (count / perSecond) * 1000);
      await pause(1);
    }
  }

  /** Rejects if messages are missing. */
  async end(): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.latenciesMs.length < this.#sent && performance.now() < deadline) await pause(10);
    if (this.latenciesMs.length < this.#sent) throw new Error(`${this.latenciesMs.length} of ${this.#sent} messages came`);
  }

  #sendOne(mail: Mail, pair: number, due: number): void {
    this.#due[pair]?.push(due);
    mail.send(pair);
  }
}

/**
 * What the system does when it is driven as fast as it goes, on a server of its own. Each writer has one message under way: at a
 * fixed rate messages come one by one too, while writers with many under way let a server answer them together, which costs it less.
 */
async function fullLoad(openMail: OpenMail, { start, scale }: Run, pairs: Pairs): Promise<number> {
  const writers = new SteadyWriters();
  const mail = await writers.open(openMail, await start(), pairs);
  try {
    writers.begin(pairs);
    await mail.guard(pause((scale.seconds / 3) * 1000), timeoutMs, '');
    const [before, startMs] = [writers.delivered, performance.now()];
    await mail.guard(pause((scale.seconds / 2) * 1000), timeoutMs, '');
    const perSecond = ((writers.delivered - before) / (performance.now() - startMs)) * 1000;
    await mail.guard(writers.end(), timeoutMs * 2, 'not all messages arrived');
    return perSecond;
  } finally {
    await mail.close();
  }
}

export const latency: Scenario = {
  id: 'h',
  title: 'Latency of a durable direct message at half load',
  method:
    'Each system is first driven as in (d), with one message under way for each writer, to find its full load, then at half of that, at a fixed ' +
    'rate, on a fresh server. The time is from when a ' +
    'message was due to be sent until its reader has it, so a server that stalls cannot hide it.',
  systems: ['parley', 'ws echo', 'socket.io+sqlite', 'rabbitmq', 'jetstream', 'redis streams'],
  figures: {
    medianMs: { label: 'median, ms' },
    p99Ms: { label: '99th percentile, ms' },
    maxMs: { label: 'maximum, ms' },
    perSecond: { label: 'messages/s (half load)' },
    clientCore: { label: 'client CPU, cores' },
  },
  async run(run) {
    if (run.system.mail === undefined) throw new Error(`${run.system.name} has no direct messages`);
    const pairs = usualPairs(run.scale.isQuick);
    const perSecond = Math.max(10, (await fullLoad(run.system.mail, run, { ...pairs, inFlight: 1 })) / 2);
    const server = await run.start();
    const rate = new SteadyRate(pairs.pairs);
    let isWarm = false;
    const mail = await run.system.mail(server.address, {
      onAcknowledged: () => {},
      onDelivered: (inbox) => (isWarm ? rate : warmUp).onDelivered(inbox),
    });
    const warmUp = new SteadyRate(pairs.pairs);
    try {
      await mail.makeInboxes(pairs.pairs);
      await Promise.all(Array.from({ length: pairs.pairs }, (_, inbox) => mail.read(inbox)));
      await mail.connectSenders(pairs.pairs, 'own inbox');
      await mail.guard(warmUp.send(mail, perSecond, run.scale.seconds / 3), timeoutMs, 'warming up took too long');
      await mail.guard(warmUp.end(), timeoutMs * 2, 'messages are missing');
      isWarm = true;
      const endMeter = startMeter(server);
      await mail.guard(rate.send(mail, perSecond, run.scale.seconds), timeoutMs, 'sending took too long');
      await mail.guard(rate.end(), timeoutMs * 2, 'messages are missing');
      const { clientCore } = endMeter();
      const { latenciesMs } = rate;
      return {
        medianMs: quantile(latenciesMs, 0.5),
        p99Ms: quantile(latenciesMs, 0.99),
        maxMs: quantile(latenciesMs, 1),
        perSecond,
        clientCore,
      };
    } finally {
      await mail.close();
    }
  },
};
