/** Several hubs on one PostgreSQL. A node is down or stopped while the others, and what goes wrong with them, go on. */
import { type FaultCounts, HubControl, noFaults } from './hub-control.ts';
import { carryOutOnNode, type Hubs } from './hubs.ts';
import type { ClusterOptions } from './options.ts';
import type { Recorder } from './recorder.ts';
import type { HubFault } from './schedule.ts';
import { type Servers, startServers } from './servers.ts';

/** While PostgreSQL is away a hub does not start. */
const startsMax = 8;

export async function clusterHubs({ nodes, bus }: ClusterOptions, recorder: Recorder, args: readonly string[]): Promise<Hubs> {
  const counts = noFaults();
  const servers = await startServers(bus, recorder, counts);
  const options = { recorder, counts, data: undefined, args: [...servers.args, ...args], startsMax };
  return new ClusterHubs(
    recorder,
    servers,
    Array.from({ length: nodes }, (_, node) => new HubControl({ ...options, node })),
    counts,
  );
}

class ClusterHubs implements Hubs {
  readonly counts: FaultCounts;
  readonly #recorder: Recorder;
  readonly #servers: Servers;
  readonly #nodes: readonly HubControl[];
  /** What is being done to a node. */
  readonly #underWay = new Map<HubControl, Promise<void>>();

  constructor(recorder: Recorder, servers: Servers, nodes: readonly HubControl[], counts: FaultCounts) {
    this.#recorder = recorder;
    this.#servers = servers;
    this.#nodes = nodes;
    this.counts = counts;
  }

  ports(): readonly number[] {
    return this.#nodes.map((node) => node.port);
  }

  async start(): Promise<void> {
    for (const node of this.#nodes) await node.start();
  }

  async carryOut(fault: HubFault): Promise<void> {
    if (fault.kind === 'roll') {
      await this.calm();
      await this.restart();
    } else if ('node' in fault) {
      await this.#onNode(fault);
    } else {
      await this.#servers.carryOut(fault);
    }
  }

  async calm(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  async restart(): Promise<void> {
    for (const node of this.#nodes) await node.terminate(0);
  }

  async end(): Promise<void> {
    for (const node of this.#nodes) await node.end();
  }

  outputs(): readonly string[] {
    return this.#nodes.map((node) => node.output());
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.dispose()));
    await this.#servers.dispose();
  }

  /** One node at least is left alone. What was meant for a node that has enough to bear meets the next one. */
  async #onNode(fault: Extract<HubFault, { node: number }>): Promise<void> {
    const enough = Math.max(1, this.#nodes.length - 1);
    while (this.#underWay.size >= enough) await Promise.race(this.#underWay.values());
    const inTurn = [...this.#nodes.slice(fault.node), ...this.#nodes.slice(0, fault.node)];
    const node = inTurn.find((candidate) => !this.#underWay.has(candidate));
    if (node === undefined) return;
    const done = carryOutOnNode(node, fault)
      .catch((error: unknown) => this.#recorder.fault({ check: 'the run', problem: String(error) }))
      .finally(() => this.#underWay.delete(node));
    this.#underWay.set(node, done);
    // A shutdown has to end well, which it can't without the store.
    if (fault.kind === 'terminate') await done;
  }
}
