import { forgetPeak, peakResidentBytes, residentBytes } from '../lib/process-usage.ts';
import type { ServerProcess } from '../lib/server-process.ts';
import { pause } from '../lib/waiting.ts';
import type { OpenMail } from '../load/mail.ts';
import { measureFanOut } from './fan-out.ts';
import { bytesPerConnection } from './g-memory.ts';
import { type Filling, Inbox } from './inbox.ts';
import type { Figures, Run, Scenario } from './scenario.ts';

/** The number that a figure is named after, and the number that is measured: a smoke run fills the same table with less. */
type Steps = readonly (readonly [name: string, count: number])[];

interface Sizes {
  readonly receivers: Steps;
  readonly connections: Steps;
  readonly queued: Steps;
}

const usualSizes: Sizes = {
  receivers: [
    ['100', 100],
    ['1,000', 1000],
    ['10,000', 10_000],
  ],
  connections: [
    ['1,000', 1000],
    ['10,000', 10_000],
  ],
  queued: [
    ['1,000', 1000],
    ['10,000', 10_000],
    ['100,000', 100_000],
  ],
};
const quickSizes: Sizes = { receivers: [['100', 10]], connections: [['1,000', 20]], queued: [['1,000', 20]] };

async function receiversGrow({ system, start, scale }: Run, sizes: Sizes): Promise<Figures> {
  const figures: Record<string, number> = {};
  if (system.audience === undefined) return figures;
  for (const [name, receivers] of sizes.receivers) {
    const { userUs, systemUs, deliveries } = await measureFanOut(system.audience, await start(), {
      receivers,
      inFlight: 1,
      seconds: scale.seconds,
    });
    figures[`cpuUs ${name}`] = (userUs + systemUs) / deliveries;
  }
  return figures;
}

async function connectionsGrow({ system, start, scale }: Run, sizes: Sizes): Promise<Figures> {
  const figures: Record<string, number> = {};
  if (system.dialect === undefined) return figures;
  for (const [name, count] of sizes.connections) {
    const bytes = await bytesPerConnection(await start(), system.dialect, count, scale.isQuick ? 200 : 5000);
    figures[`kilobytes ${name}`] = bytes / 1000;
  }
  return figures;
}

/**
 * What a register with so many waiting adds to a server's memory at most, and how fast they come. Somebody else has caught up before:
 * the first catch-up of a process takes memory for compiled code and for young objects once, however long the queues are, and that is in all figures.
 */
async function queuesGrow(run: Run, sizes: Sizes): Promise<Figures> {
  const figures: Record<string, number> = {};
  const { mail: openMail } = run.system;
  if (openMail === undefined) return figures;
  const { isQuick } = run.scale;
  for (const [name, messages] of sizes.queued) {
    const filled = await run.start();
    const senders = isQuick ? 5 : 100;
    const queued = await fill({ openMail, server: filled, messages, senders, number: 0 });
    const queuedForAnother = await fill({ openMail, server: filled, messages: isQuick ? 20 : 20_000, senders, number: 1 });
    // Another process: what the filling left in memory is gone.
    const server = await run.restart(filled);
    const inbox = await Inbox.open(openMail, server, 0);
    const another = await Inbox.open(openMail, server, 0, 1);
    try {
      await pause(isQuick ? 100 : 1000);
      const before = residentBytes(server.pids);
      forgetPeak(server.pids);
      await another.catchUp(queuedForAnother);
      const { seconds } = await inbox.catchUp(queued);
      figures[`registerMB ${name}`] = (peakResidentBytes(server.pids) - before) / 1e6;
      figures[`catchUpPerSecond ${name}`] = queued / seconds;
    } finally {
      await Promise.all([inbox.close(), another.close()]);
    }
  }
  return figures;
}

interface ToFill extends Pick<Filling, 'messages' | 'senders'> {
  readonly openMail: OpenMail;
  readonly server: ServerProcess;
  readonly number: number;
}

async function fill({ openMail, server, messages, senders, number }: ToFill): Promise<number> {
  const inbox = await Inbox.open(openMail, server, senders, number);
  try {
    return (await inbox.fill({ messages, senders, inFlight: 10, secondsMax: 20 })).queued;
  } finally {
    await inbox.close();
  }
}

export const growth: Scenario = {
  id: 'i',
  title: 'Growth with receivers, connections and queue lengths',
  method:
    'As (a) with 100, 1,000 and 10,000 receivers; as (g) with 1,000 and 10,000 connections; as (e) with 1,000, 10,000 and 100,000 waiting messages, after ' +
    'somebody else has caught up 20,000, and the highest resident memory during both, less that before. Each on a fresh server.',
  systems: ['parley', 'socket.io', 'ws prepared', 'socket.io+sqlite'],
  figures: {
    'cpuUs 100': { label: 'CPU a delivery, µs, 100 receivers' },
    'cpuUs 1,000': { label: '1,000' },
    'cpuUs 10,000': { label: '10,000' },
    'kilobytes 1,000': { label: 'KB a connection, 1,000' },
    'kilobytes 10,000': { label: '10,000' },
    'catchUpPerSecond 1,000': { label: 'catch-up/s, 1,000' },
    'catchUpPerSecond 10,000': { label: '10,000' },
    'catchUpPerSecond 100,000': { label: '100,000' },
    'registerMB 1,000': { label: 'register takes MB, 1,000 queued' },
    'registerMB 10,000': { label: '10,000' },
    'registerMB 100,000': { label: '100,000' },
  },
  async run(run) {
    const sizes = run.scale.isQuick ? quickSizes : usualSizes;
    return {
      ...(await receiversGrow(run, sizes)),
      ...(await connectionsGrow(run, sizes)),
      ...(await queuesGrow(run, sizes)),
    };
  },
};
