/**
 * One run of the simulation: the real core of the hub with many clients on a virtual clock, a virtual network and a virtual store.
 *
 *     steps: users act, faults come and go, overlapping ─► everything is repaired, everyone comes back ─► at rest ─► the hub drains
 *
 * The invariants are judged after every turn and at rest. All of it follows from the seed, so a run can be repeated.
 */
import { act, sendToAll } from './actions.ts';
import { endFaults, maybeBeginFault } from './faults.ts';
import type { Violation } from './violation.ts';
import { World } from './world.ts';

export interface SimOptions {
  readonly seed: number;
  /** How often somebody does something. */
  readonly steps?: number;
  /** Is given a line for everything that happens. */
  readonly onTrace?: (line: string) => void;
}

export interface SimResult {
  readonly seed: number;
  readonly steps: number;
  readonly violation: (Violation & { readonly atMs: number }) | undefined;
  /** Virtual time that has passed. */
  readonly virtualMs: number;
  readonly turns: number;
  /** How much happened. */
  readonly messages: number;
  readonly deliveries: number;
  readonly redeliveries: number;
  readonly connections: number;
  readonly processes: number;
}

export const defaultSteps = 300;
/** The mean of the time between two steps. */
const stepMs = 40;
/** Long enough for ghosts to be found by their heartbeats, for retries, and for idle users to become idle. */
const recoveryMs = 12_000;
const restMs = 8_000;
const drainMaxMs = 20_000;

export async function simulate({ seed, steps = defaultSteps, onTrace = () => {} }: SimOptions): Promise<SimResult> {
  const world = new World(seed, onTrace);
  const run = new Run(world);
  try {
    await run.steps(steps);
    await run.comeToRest();
    await run.drain();
  } catch (error) {
    world.verdict.fail('I8', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const virtualMs = world.clock.monotonic();
  const { first } = world.verdict;
  const { deliveries, redeliveries } = world.invariants.delivery;
  const { processes, connections } = world.hub;
  const happened = { messages: world.ledger.byId.size, deliveries, redeliveries, connections, processes };
  return { seed, steps, violation: first && { ...first, atMs: virtualMs }, virtualMs, turns: run.turns, ...happened };
}

class Run {
  readonly #world: World;
  turns = 0;

  constructor(world: World) {
    this.#world = world;
  }

  async steps(count: number): Promise<void> {
    const { hub, clients, clock, random } = this.#world;
    hub.start();
    for (const client of clients) if (random.chance(0.7)) client.goOnline();
    let left = count;
    const step = (): void => {
      left -= 1;
      act(this.#world);
      maybeBeginFault(this.#world);
      if (left > 0) clock.after(random.integer(0, 2 * stepMs), step);
    };
    step();
    await this.#until(() => left <= 0);
  }

  async comeToRest(): Promise<void> {
    const { clients, invariants, hub, verdict } = this.#world;
    this.#world.trace('everything is repaired');
    endFaults(this.#world);
    for (const client of clients) client.goOnline();
    await this.#pass(recoveryMs);
    sendToAll(this.#world);
    await this.#pass(restMs);
    const { process } = hub;
    if (process === undefined) {
      verdict.fail('I12', 'the hub is not up');
      return;
    }
    // A user may have become idle in this very moment, which its watchers are about to hear.
    for (let tries = 0; tries < 5 && invariants.wrongPresence(clients, process) !== undefined; tries++) await this.#pass(500);
    invariants.atRest(clients, process);
  }

  async drain(): Promise<void> {
    const { hub, clock, verdict } = this.#world;
    const { process } = hub;
    const untilMs = clock.monotonic() + drainMaxMs;
    void hub.drain();
    await this.#until(() => hub.process !== process || clock.monotonic() > untilMs);
    verdict.require(hub.process !== process, 'I12', () => 'the last drain does not end');
  }

  async #pass(ms: number): Promise<void> {
    const { clock } = this.#world;
    const untilMs = clock.monotonic() + ms;
    await this.#until(() => clock.monotonic() >= untilMs);
  }

  /** Runs turn after turn, and judges after each. Ends at the first violation too. */
  async #until(isDone: () => boolean): Promise<void> {
    const { clock, verdict, hub, invariants } = this.#world;
    while (!isDone() && verdict.first === undefined && (await clock.runTurn())) {
      this.turns += 1;
      if (hub.process !== undefined) invariants.afterTurn(hub.process);
    }
  }
}
