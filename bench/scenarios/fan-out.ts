/** One sender, one room: what a delivery costs the server. Shared by (a), (b) and (i). */
import { type Cost, type ServerProcess, startMeter } from '../lib/server-process.ts';
import { pause } from '../lib/waiting.ts';
import type { OpenAudience } from '../load/audience.ts';
import type { Figures, Run } from './scenario.ts';

export interface FanOut {
  readonly receivers: number;
  /** Messages that are sent together; the next ones follow when all receivers have all of them. */
  readonly inFlight: number;
  readonly seconds: number;
}

export interface FanOutCost extends Cost {
  readonly deliveries: number;
}

const burstTimeoutMs = 60_000;
/** Whatever came twice would come in this time. */
const lateMs = 100;

export async function measureFanOut(openAudience: OpenAudience, server: ServerProcess, fanOut: FanOut): Promise<FanOutCost> {
  const { receivers, inFlight, seconds } = fanOut;
  let missing = 0;
  let onComplete = () => {};
  const audience = await openAudience(server.address, receivers, () => {
    missing -= 1;
    if (missing === 0) onComplete();
  });
  let sent = 0;
  const sendFor = async (duration: number): Promise<void> => {
    const end = performance.now() + duration * 1000;
    while (performance.now() < end) {
      const { promise, resolve } = Promise.withResolvers<void>();
      missing += receivers * inFlight;
      onComplete = resolve;
      audience.send(inFlight);
      sent += inFlight;
      await audience.guard(promise, burstTimeoutMs, 'deliveries are missing');
    }
  };
  try {
    await sendFor(seconds / 3);
    const sentBefore = sent;
    const endMeter = startMeter(server);
    await sendFor(seconds);
    const cost = endMeter();
    await pause(lateMs);
    const wrong = audience.delivered().findIndex((count) => count !== sent);
    if (wrong >= 0) throw new Error(`receiver ${wrong} got ${audience.delivered()[wrong]} of ${sent} messages`);
    return { ...cost, deliveries: (sent - sentBefore) * receivers };
  } finally {
    audience.leave();
  }
}

export const fanOutFigures = {
  cpuUs: { label: 'CPU a delivery, µs' },
  userUs: { label: 'of it user, µs' },
  systemUs: { label: 'of it system, µs' },
  perSecond: { label: 'deliveries/s' },
  clientCore: { label: 'client CPU, cores' },
} as const;

export async function runFanOut({ system, start }: Run, fanOut: FanOut): Promise<Figures> {
  if (system.audience === undefined) throw new Error(`${system.name} has no rooms`);
  const { deliveries, userUs, systemUs, seconds, clientCore } = await measureFanOut(system.audience, await start(), fanOut);
  return {
    cpuUs: (userUs + systemUs) / deliveries,
    userUs: userUs / deliveries,
    systemUs: systemUs / deliveries,
    perSecond: deliveries / seconds,
    clientCore,
  };
}
