import { mailSystems, usualPairs } from './d-direct.ts';
import { Inbox } from './inbox.ts';
import type { Scenario } from './scenario.ts';

export const offline: Scenario = {
  id: 'e',
  title: 'Queueing for somebody offline, and catch-up',
  method:
    '100 writers, each with 10 messages under way, write 100,000 messages to one inbox whose owner is away (or as many as a system takes in 10 s). ' +
    'Then the owner comes, gets and confirms all of them; the time is from connecting to the last message.',
  systems: mailSystems,
  figures: {
    catchUpPerSecond: { label: 'catch-up, messages/s' },
    queuedPerSecond: { label: 'queued/s' },
    queued: { label: 'messages' },
    catchUpCpuUs: { label: 'CPU a message caught up, µs' },
    clientCore: { label: 'client CPU in catch-up, cores' },
  },
  async run({ system, scale, start }) {
    if (system.mail === undefined) throw new Error(`${system.name} keeps no messages`);
    const { pairs: senders, inFlight } = usualPairs(scale.isQuick);
    const inbox = await Inbox.open(system.mail, await start(), senders);
    try {
      const [messages, secondsMax] = scale.isQuick ? [500, 1] : [100_000, 10];
      const { cost, queued } = await inbox.fill({ messages, senders, inFlight, secondsMax });
      const caughtUp = await inbox.catchUp();
      return {
        catchUpPerSecond: queued / caughtUp.seconds,
        queuedPerSecond: queued / cost.seconds,
        queued,
        catchUpCpuUs: (caughtUp.userUs + caughtUp.systemUs) / queued,
        clientCore: caughtUp.clientCore,
      };
    } finally {
      await inbox.close();
    }
  },
};
