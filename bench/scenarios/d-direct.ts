import { type ServerProcess, startMeter } from '../lib/server-process.ts';
import { pause } from '../lib/waiting.ts';
import type { Mail, OpenMail } from '../load/mail.ts';
import type { Scenario } from './scenario.ts';

export const mailSystems: readonly string[] = [
  'parley',
  'socket.io+sqlite',
  'rabbitmq',
  'jetstream',
  'jetstream sync',
  'mosquitto',
  'mosquitto save',
  'redis streams',
];

/** Pairs in which one writes and the other reads, and how many messages each writer has under way. */
export interface Pairs {
  readonly pairs: number;
  readonly inFlight: number;
}

export const usualPairs = (isQuick: boolean): Pairs => (isQuick ? { pairs: 5, inFlight: 4 } : { pairs: 100, inFlight: 10 });

const drainTimeoutMs = 60_000;

/** Keeps so many messages in flight, until `end` is called. */
export class SteadyWriters {
  #mail: Mail | undefined;
  #isWriting = true;
  sent = 0;
  acknowledged = 0;
  delivered = 0;

  async open(openMail: OpenMail, server: ServerProcess, { pairs }: Pairs): Promise<Mail> {
    const mail = await openMail(server.address, {
      onAcknowledged: (sender) => {
        this.acknowledged += 1;
        if (this.#isWriting) this.#send(sender);
      },
      onDelivered: () => {
        this.delivered += 1;
      },
    });
    this.#mail = mail;
    await mail.makeInboxes(pairs);
    await Promise.all(Array.from({ length: pairs }, (_, inbox) => mail.read(inbox)));
    await mail.connectSenders(pairs, 'own inbox');
    return mail;
  }

  begin({ pairs, inFlight }: Pairs): void {
    for (let sender = 0; sender < pairs; sender++) for (let count = 0; count < inFlight; count++) this.#send(sender);
  }

  /** Resolves when everything was acknowledged and delivered; rejects if that does not happen. */
  async end(): Promise<void> {
    this.#isWriting = false;
    const deadline = performance.now() + drainTimeoutMs;
    while ((this.acknowledged < this.sent || this.delivered < this.sent) && performance.now() < deadline) await pause(10);
    await pause(100);
    if (this.acknowledged !== this.sent || this.delivered !== this.sent) {
      throw new Error(`${this.sent} messages sent, ${this.acknowledged} acknowledged, ${this.delivered} delivered`);
    }
  }

  #send(sender: number): void {
    this.sent += 1;
    this.#mail?.send(sender);
  }
}

export const direct: Scenario = {
  id: 'd',
  title: 'Durable direct messages between pairs',
  method:
    '100 pairs, one writes and the other reads; each writer has 10 messages under way and sends the next when one is acknowledged. ' +
    'All messages have to be delivered and confirmed in the end.',
  systems: mailSystems,
  figures: {
    perSecond: { label: 'acknowledged/s' },
    deliveredPerSecond: { label: 'delivered/s' },
    cpuUs: { label: 'CPU a message, µs' },
    serverCore: { label: 'server CPU, cores' },
    clientCore: { label: 'client CPU, cores' },
  },
  async run({ system, scale, start }) {
    if (system.mail === undefined) throw new Error(`${system.name} keeps no messages`);
    const server = await start();
    const writers = new SteadyWriters();
    const pairs = usualPairs(scale.isQuick);
    const mail = await writers.open(system.mail, server, pairs);
    try {
      writers.begin(pairs);
      await mail.guard(pause((scale.seconds / 3) * 1000), drainTimeoutMs, '');
      const endMeter = startMeter(server);
      const before = { acknowledged: writers.acknowledged, delivered: writers.delivered };
      await mail.guard(pause(scale.seconds * 1000), drainTimeoutMs, '');
      const acknowledged = writers.acknowledged - before.acknowledged;
      const delivered = writers.delivered - before.delivered;
      const cost = endMeter();
      await mail.guard(writers.end(), drainTimeoutMs * 2, 'not all messages arrived');
      return {
        perSecond: acknowledged / cost.seconds,
        deliveredPerSecond: delivered / cost.seconds,
        cpuUs: (cost.userUs + cost.systemUs) / Math.max(1, acknowledged),
        serverCore: cost.serverCore,
        clientCore: cost.clientCore,
      };
    } finally {
      await mail.close();
    }
  },
};
