/** One hub of a run: a real process that is killed, terminated, stopped and started again on the same port and data. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type HubProcess, startHubProcess } from '../support/hub-process.ts';
import type { Recorder } from './recorder.ts';

/** What was done so far. */
export interface FaultCounts {
  kills: number;
  terminations: number;
  stops: number;
  busKills: number;
  busFreezes: number;
  storeRestarts: number;
  storeFreezes: number;
  severed: number;
  /** From the start of the new process to its line `parley listening`, after a kill. */
  slowestReadyMs: number;
}

export interface HubControlOptions {
  readonly recorder: Recorder;
  readonly node: number;
  readonly counts: FaultCounts;
  /** Folder of the database; undefined if `args` name a store. */
  readonly data: string | undefined;
  readonly args: readonly string[];
  /** How often a start may fail: the store may be away just then. */
  readonly startsMax: number;
}

const startAgainMs = 1_000;

export function noFaults(): FaultCounts {
  return {
    ...{ kills: 0, terminations: 0, stops: 0, busKills: 0, busFreezes: 0 },
    ...{ storeRestarts: 0, storeFreezes: 0, severed: 0, slowestReadyMs: 0 },
  };
}

export class HubControl {
  readonly #options: HubControlOptions;
  #hub: HubProcess | undefined;
  #port = 0;
  /** Its end is our doing. */
  #isExpectedToEnd = false;
  /** What the processes before this one have printed. */
  #earlier = '';

  constructor(options: HubControlOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const { recorder, node } = this.#options;
    this.#earlier = this.output();
    this.#hub = undefined;
    const hub = await this.#startProcess();
    this.#hub = hub;
    this.#port = hub.port;
    this.#isExpectedToEnd = false;
    void hub.ended.then(() => {
      if (this.#hub === hub && !this.#isExpectedToEnd) this.#fault('hub', `hub ${node} ended by itself. It printed:\n${hub.output()}`);
    });
    recorder.add({ kind: 'up', node });
  }

  async kill(downMs: number): Promise<void> {
    const { recorder, node, counts } = this.#options;
    this.#isExpectedToEnd = true;
    await this.#hub?.kill();
    recorder.add({ kind: 'down', node, killed: true });
    counts.kills += 1;
    await sleep(downMs);
    const startedMs = performance.now();
    await this.start();
    counts.slowestReadyMs = Math.max(counts.slowestReadyMs, performance.now() - startedMs);
  }

  async terminate(downMs: number): Promise<void> {
    await this.end();
    this.#options.counts.terminations += 1;
    await sleep(downMs);
    await this.start();
  }

  /** SIGTERM, which has to end in exit code 0. */
  async end(): Promise<void> {
    const { recorder, node } = this.#options;
    this.#isExpectedToEnd = true;
    const code = await this.#hub?.stop();
    recorder.add({ kind: 'down', node, killed: false });
    if (code !== undefined && code !== 0)
      this.#fault('shutdown', `SIGTERM of hub ${node} ended in exit code ${code}. It printed:\n${this.#hub?.output()}`);
    this.#earlier = this.output();
    this.#hub = undefined;
  }

  async stopFor(forMs: number): Promise<void> {
    const { recorder, node, counts } = this.#options;
    counts.stops += 1;
    recorder.add({ kind: 'stopped', node });
    this.#hub?.signal('SIGSTOP');
    await sleep(forMs);
    this.#hub?.signal('SIGCONT');
    recorder.add({ kind: 'continued', node });
  }

  /** Ends the process for good, however it is. */
  async dispose(): Promise<void> {
    this.#isExpectedToEnd = true;
    await this.#hub?.kill();
    this.#earlier = this.output();
    this.#hub = undefined;
  }

  /** All that its processes have printed. */
  output(): string {
    return this.#earlier + (this.#hub?.output() ?? '');
  }

  async #startProcess(): Promise<HubProcess> {
    const { data, args, startsMax } = this.#options;
    for (let starts = 1; ; starts++) {
      try {
        return await startHubProcess({ ...(data === undefined ? {} : { data }), port: this.#port, args });
      } catch (error) {
        this.#earlier += `${String(error)}\n`;
        if (starts >= startsMax) throw error;
        await sleep(startAgainMs);
      }
    }
  }

  #fault(check: string, problem: string): void {
    this.#options.recorder.fault({ check, problem });
  }
}
