import { mailSystems, usualPairs } from './d-direct.ts';
import { Inbox } from './inbox.ts';
import type { Scenario } from './scenario.ts';

export const offline: Scenario = {
  id: 'e',
  title: 'Queueing for somebody offline, and catch-up',
  method:
    '100 writers, each with 10 messages under way, write to one inbox whose owner is away: first as long as the warm-up of (d), then 100,000 messages that are ' +
    'measured (or as many as a system takes in 10 s). ' +
    'Then the owner comes, gets and confirms all of them; the time is from connecting to the last message.',
  systems: mailSystems,
  figures: {
    catchUpPerSecond: { label: 'catch-up, messages/s' },
    queuedPerSecond: { label: 'queued/s' },
    waiting: { label: 'messages' },
    queueCpuUs: { label: 'CPU a message queued, µs' },
    catchUpCpuUs: { label: 'CPU a message caught up, µs' },
    clientCore: { label: 'client CPU in catch-up, cores' },
  },
  async run({ system, scale, start }) {
    if (system.mail === undefined) throw new Error(`${system.name} keeps no messages`);
    const { pairs: senders, inFlight } = usualPairs(scale.isQuick);
    const inbox = await Inbox.open(system.mail, await start(), senders);
    try {
      const [messages, secondsMax] = scale.isQuick ? [500, 1] : [100_000, 10];
      // A server that has just started runs everything for the first time: it needs three times the CPU for its first messages.
      const warmUp = await inbox.fill({ messages, senders, inFlight, secondsMax: scale.seconds / 3 });
      const { cost, queued } = await inbox.fill({ messages, senders, inFlight, secondsMax });
      const waiting = warmUp.queued + queued;
      const caughtUp = await inbox.catchUp();
      return {
        catchUpPerSecond: waiting / caughtUp.seconds,
        queuedPerSecond: queued / cost.seconds,
        waiting,
        queueCpuUs: (cost.userUs + cost.systemUs) / queued,
        catchUpCpuUs: (caughtUp.userUs + caughtUp.systemUs) / waiting,
        clientCore: caughtUp.clientCore,
      };
    } finally {
      await inbox.close();
    }
  },
};
