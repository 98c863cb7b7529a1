/**
 * Checks the whole file in the background after each start: on a thread with a connection of its own, a few hundred messages at a time, with
 * pauses that are several times as long as what was read took, so that the disk is free for others most of the time.
 */
import type { Cancel, Clock } from '../../lib/clock.ts';
import type { StoreIntegrity } from '../../ports/store.ts';
import type { DamageLog } from '../damage-log.ts';
import type { CheckedPart, CheckPlace, DatabaseSetup } from './thread/calls.ts';
import { Thread } from './thread/thread.ts';

/** Those who come back after a start are served first. */
const startDelayMs = 1_000;

/** Of the disk's time at most a fifth. */
const pauseShare = 4;
const pauseMinMs = 5;

export interface CheckPorts {
  readonly setup: DatabaseSetup;
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
  readonly damage: DamageLog;
  readonly onChecked: ((integrity: StoreIntegrity, problem: string | undefined) => void) | undefined;
}

export class IntegrityCheck {
  readonly #ports: CheckPorts;
  #state: 'idle' | 'running' | 'ended' = 'idle';
  #problem: string | undefined;
  #cancel: Cancel = () => {};
  #thread: Thread | undefined;

  constructor(ports: CheckPorts) {
    this.#ports = ports;
  }

  get integrity(): StoreIntegrity {
    const damagedMessages = this.#ports.damage.count;
    if (!this.#ports.damage.isEmpty || this.#problem !== undefined) return { state: 'damaged', damagedMessages };
    return { state: this.#state === 'running' ? 'checking' : 'ok', damagedMessages };
  }

  start(): void {
    this.#state = 'running';
    this.#cancel = this.#ports.clock.after(startDelayMs, () => void this.#run());
  }

  async stop(): Promise<void> {
    this.#cancel();
    this.#state = 'ended';
    await this.#thread?.stop();
  }

  async #run(): Promise<void> {
    const { setup } = this.#ports;
    const thread = new Thread('parley-store-check', () => {});
    this.#thread = thread;
    try {
      await thread.ask({ kind: 'open', setup: { ...setup, readonly: true } });
      await this.#checkAll(thread);
    } catch (error) {
      if (this.#state === 'running') this.#problem ??= `the check could not be finished (${String(error)})`;
    }
    await thread.stop();
    if (this.#state !== 'running') return;
    this.#state = 'ended';
    this.#ports.onChecked?.(this.integrity, this.#problem);
  }

  async #checkAll(thread: Thread): Promise<void> {
    const { clock, damage } = this.#ports;
    for (let place: CheckPlace | undefined = 'start'; place !== undefined && this.#state === 'running'; ) {
      const startedMs = clock.monotonic();
      const part = (await thread.ask({ kind: 'check', place })) as CheckedPart;
      for (const found of part.damaged) damage.add(found);
      this.#problem ??= part.problem;
      place = part.next;
      await this.#pause((clock.monotonic() - startedMs) * pauseShare);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(Math.max(ms, pauseMinMs), resolve);
      this.#cancel = () => {
        cancel();
        resolve();
      };
    });
  }
}
