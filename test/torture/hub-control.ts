/** The hub of a run: a real process that is killed, terminated, stopped and started again on the same port and data. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type HubProcess, startHubProcess } from '../support/hub-process.ts';
import type { Recorder } from './recorder.ts';

export interface HubCounts {
  kills: number;
  terminations: number;
  stops: number;
  /** From the start of the new process to its line `parley listening`, after a kill. */
  slowestReadyMs: number;
}

export class HubControl {
  readonly counts: HubCounts = { kills: 0, terminations: 0, stops: 0, slowestReadyMs: 0 };
  readonly #recorder: Recorder;
  readonly #data: string;
  readonly #args: readonly string[];
  #hub: HubProcess | undefined;
  #port = 0;
  /** Its end is our doing. */
  #isExpectedToEnd = false;

  constructor(recorder: Recorder, data: string, args: readonly string[]) {
    this.#recorder = recorder;
    this.#data = data;
    this.#args = args;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const hub = await startHubProcess({ data: this.#data, port: this.#port, args: this.#args });
    this.#hub = hub;
    this.#port = hub.port;
    this.#isExpectedToEnd = false;
    void hub.ended.then(() => {
      if (this.#hub === hub && !this.#isExpectedToEnd) this.#fault('hub', `the hub ended by itself. It printed:\n${hub.output()}`);
    });
    this.#recorder.add({ kind: 'up' });
  }

  async kill(downMs: number): Promise<void> {
    this.#isExpectedToEnd = true;
    await this.#hub?.kill();
    this.#recorder.add({ kind: 'down' });
    this.counts.kills += 1;
    await sleep(downMs);
    const startedMs = performance.now();
    await this.start();
    this.counts.slowestReadyMs = Math.max(this.counts.slowestReadyMs, performance.now() - startedMs);
  }

  async terminate(downMs: number): Promise<void> {
    await this.end();
    this.counts.terminations += 1;
    await sleep(downMs);
    await this.start();
  }

  /** SIGTERM, which has to end in exit code 0. */
  async end(): Promise<void> {
    this.#isExpectedToEnd = true;
    const code = await this.#hub?.stop();
    this.#recorder.add({ kind: 'down' });
    if (code !== undefined && code !== 0)
      this.#fault('shutdown', `SIGTERM ended in exit code ${code}. The hub printed:\n${this.#hub?.output()}`);
    this.#hub = undefined;
  }

  async stopFor(forMs: number): Promise<void> {
    this.counts.stops += 1;
    this.#recorder.add({ kind: 'stopped' });
    this.#hub?.signal('SIGSTOP');
    await sleep(forMs);
    this.#hub?.signal('SIGCONT');
    this.#recorder.add({ kind: 'continued' });
  }

  /** Ends the process for good, however it is. */
  async dispose(): Promise<void> {
    this.#isExpectedToEnd = true;
    await this.#hub?.kill();
    this.#hub = undefined;
  }

  #fault(check: string, problem: string): void {
    this.#recorder.fault({ check, problem });
  }
}
