/** The hubs of a run, one on a file of its own or the nodes of a cluster, and what can be done to them. */
import type { FaultCounts, HubControl } from './hub-control.ts';
import type { HubFault } from './schedule.ts';

export interface Hubs {
  readonly counts: FaultCounts;
  /** Of each node, in their order: where clients find it, also while it is down. */
  ports(): readonly number[];
  start(): Promise<void>;
  /** Resolves when the next fault may come; what it did may last longer. */
  carryOut(fault: HubFault): Promise<void>;
  /** Resolves when nothing of what was done lasts any more. */
  calm(): Promise<void>;
  /** SIGTERM and start, one after the other. */
  restart(): Promise<void>;
  end(): Promise<void>;
  /** What each node has printed. */
  outputs(): readonly string[];
  /** Ends everything for good, however it is. */
  dispose(): Promise<void>;
}

export function hubAlone(hub: HubControl, counts: FaultCounts): Hubs {
  return {
    counts,
    ports: () => [hub.port],
    start: () => hub.start(),
    carryOut: (fault) => carryOutOnNode(hub, fault),
    calm: async () => {},
    restart: () => hub.terminate(0),
    end: () => hub.end(),
    outputs: () => [hub.output()],
    dispose: () => hub.dispose(),
  };
}

/** What is not for a node it leaves undone. */
export async function carryOutOnNode(hub: HubControl, fault: HubFault): Promise<void> {
  if (fault.kind === 'kill') await hub.kill(fault.downMs);
  else if (fault.kind === 'terminate') await hub.terminate(fault.downMs);
  else if (fault.kind === 'stop') await hub.stopFor(fault.forMs);
}
