import { createMemoryShared, type MemoryShared } from '@parley/testkit';
import type { Cancel, Clock } from '../lib/clock.ts';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { silentLog } from '../ports/log.ts';
import type { AppendRequest } from '../ports/store.ts';
import { FakeBus } from './bus.test-support.ts';
import { type ClusterNode, clusterNode } from './cluster.ts';
import { Stages } from './stages.test-support.ts';

/** The clock of one process. While it is paused nothing of the process runs; what was due runs when it goes on. */
class ProcessClock implements Clock {
  readonly #world: ManualClock;
  #late: (() => void)[] | undefined;

  constructor(world: ManualClock) {
    this.#world = world;
  }

  now(): number {
    return this.#world.now();
  }

  monotonic(): number {
    return this.#world.monotonic();
  }

  after(delayMs: number, callback: () => void): Cancel {
    let isCancelled = false;
    const cancel = this.#world.after(delayMs, () =>
      this.#run(() => {
        if (!isCancelled) callback();
      }),
    );
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  endOfTurn(callback: () => void): void {
    this.#world.endOfTurn(() => this.#run(callback));
  }

  pause(): void {
    this.#late = [];
  }

  resume(): void {
    const late = this.#late ?? [];
    this.#late = undefined;
    for (const callback of late) callback();
  }

  #run(callback: () => void): void {
    if (this.#late === undefined) callback();
    else this.#late.push(callback);
  }
}

export interface WorldNode {
  readonly cluster: ClusterNode;
  readonly stages: Stages;
  readonly clock: ProcessClock;
  append(request: AppendRequest): Promise<unknown>;
  leave(): Promise<void>;
}

export interface World {
  readonly shared: MemoryShared;
  readonly bus: FakeBus;
  start(secret?: string): Promise<WorldNode>;
  /** Lets time pass, a little at a time, and everything happen that follows from it. */
  after(ms: number): Promise<void>;
}

const stepMs = 10;

/** Several nodes on one store and one bus. `fraction` decides over the weather. */
export function makeWorld(fraction: () => number = () => 0.5): World {
  const clock = new ManualClock();
  const shared = createMemoryShared({ now: () => clock.now() });
  const bus = new FakeBus(fraction);
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    shared,
    bus,
    async start(secret = 'secret') {
      const ownClock = new ProcessClock(clock);
      let cluster: ClusterNode | undefined;
      const store = shared.open(
        {
          onAppended(messages) {
            for (const { stream, seq } of messages) stages.publish(stream, seq);
          },
        },
        { onCommit: (commit) => cluster?.onCommit(commit) },
      );
      const stages: Stages = new Stages({
        store: () => store,
        logUpTo: (stream, upto) =>
          (shared.state.memory.streams.get(stream)?.messages ?? []).map(({ seq }) => seq).filter((seq) => seq <= upto),
      });
      const node = clusterNode({ store, openBus: bus.opener(ownClock), clock: ownClock, log: silentLog, secret });
      cluster = node;
      await node.join(stages);
      return {
        cluster: node,
        stages,
        clock: ownClock,
        append: (request) => store.append(request),
        leave: () => node.leave(() => store.close()),
      };
    },
    async after(ms) {
      for (let passed = 0; passed < ms; passed += stepMs) {
        clock.advance(stepMs);
        await settle();
      }
    },
  };
}

export function direct(recipientId: string, content = '"hello"', senderId = 'sender'): AppendRequest {
  return {
    ...{ kind: 'direct', senderId, recipientId, type: 'text', content, createdAtMs: 1, storedAtMs: 1 },
    ...{ clientMsgId: undefined, receipt: false, trusted: false },
  };
}

export function toRoom(roomId: string, content = '"hello"', senderId = 'sender'): AppendRequest {
  return {
    ...{ kind: 'room', senderId, roomId, type: 'text', content, createdAtMs: 1, storedAtMs: 1 },
    ...{ clientMsgId: undefined, echo: true, membersOnly: false },
  };
}
