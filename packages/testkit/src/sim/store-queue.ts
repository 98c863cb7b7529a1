import { HubError } from '@parley/protocol';
import type { ProcessClock } from './sim-clock.ts';
import type { SimRandom } from './sim-random.ts';

/** How the store behaves. Changed while the simulation runs, and the same for all processes. */
export interface StoreConditions {
  commitDelayMs: number;
  answerDelayMs: number;
  readDelayMs: number;
  /** The probability that a read fails. */
  readFailures: number;
  /** Messages of one page, at most. */
  pageMessages: number;
  /** Appends are turned away at once. */
  isOverloaded: boolean;
  /** Whole batches are refused, and nothing of them is stored. */
  refusal: 'storage_full' | 'overloaded' | undefined;
  /** What happens at the next commit, once: the process is lost after it, or the disk fails before or after it. */
  nextFault: 'process lost' | 'disk fails before' | 'disk fails after' | undefined;
}

export const goodConditions: Readonly<StoreConditions> = {
  commitDelayMs: 2,
  answerDelayMs: 1,
  readDelayMs: 2,
  readFailures: 0,
  pageMessages: 6,
  isOverloaded: false,
  refusal: undefined,
  nextFault: undefined,
};

export interface StoreQueuePorts {
  readonly clock: ProcessClock;
  readonly random: SimRandom;
  readonly conditions: StoreConditions;
  readonly onFailed: (error: HubError) => void;
  readonly onProcessLost: () => void;
  /** Every call of a batch was answered. */
  readonly onAnswered: () => void;
}

interface Call {
  commit(): Promise<void>;
  answer(): void;
  refuse(error: HubError): void;
}

/** Group commit, as the real store does it: one batch at a time, and what comes meanwhile is the next batch. */
export class StoreQueue {
  readonly #ports: StoreQueuePorts;
  #waiting: Call[] = [];
  #isRunning = false;
  #failure: HubError | undefined;
  readonly #whenIdle: (() => void)[] = [];

  constructor(ports: StoreQueuePorts) {
    this.#ports = ports;
  }

  push<R>(run: () => Promise<R>, onCommitted: (result: R) => void, onAnswer: (result: R) => void): Promise<R> {
    return new Promise((resolve, reject) => {
      let answer = (): void => {};
      this.#waiting.push({
        async commit() {
          try {
            const result = await run();
            onCommitted(result);
            answer = () => {
              onAnswer(result);
              resolve(result);
            };
          } catch (error) {
            answer = () => reject(error);
          }
        },
        answer: () => answer(),
        refuse: reject,
      });
      this.#start();
    });
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    if (this.#isRunning) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const { clock, random, conditions } = this.#ports;
    clock.after(random.integer(0, conditions.commitDelayMs), () => void this.#commit());
  }

  async #commit(): Promise<void> {
    const { clock, random, conditions, onProcessLost } = this.#ports;
    const batch = this.#waiting;
    this.#waiting = [];
    const fault = conditions.nextFault;
    conditions.nextFault = undefined;
    if (fault === 'disk fails before') this.#failure ??= new HubError('storage_failed');
    const refusal = this.#failure ?? (conditions.refusal && new HubError(conditions.refusal, { retryAfterS: 1 }));
    if (refusal === undefined) for (const call of batch) await call.commit();
    if (fault === 'process lost') return onProcessLost();
    clock.after(random.integer(0, conditions.answerDelayMs), () => {
      if (fault === 'disk fails after') this.#failure ??= new HubError('storage_failed');
      this.#answer(batch, this.#failure ?? refusal);
      if (fault === 'disk fails before' || fault === 'disk fails after') this.#ports.onFailed(new HubError('storage_failed'));
    });
  }

  #answer(batch: readonly Call[], refusal: HubError | undefined): void {
    for (const call of batch) {
      if (refusal === undefined) call.answer();
      else call.refuse(refusal);
    }
    this.#ports.onAnswered();
    this.#isRunning = false;
    if (this.#waiting.length > 0) this.#start();
    else for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
