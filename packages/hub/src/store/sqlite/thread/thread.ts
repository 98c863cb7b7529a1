import { Worker } from 'node:worker_threads';
import { HubError } from '@parley/protocol';
import { StoreStartError } from '../../start-error.ts';
import { toHubError } from '../../to-hub-error.ts';
import type { FromThread, ToThread } from './calls.ts';

interface Asked {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One thread with one connection to the database. It answers in the order in which it was asked. */
export class Thread {
  readonly #worker: Worker;
  readonly #asked: Asked[] = [];
  readonly #onDeath: (error: HubError) => void;
  #death: HubError | undefined;
  #isStopping = false;

  /** `onDeath`: the thread ended without `stop`. Everything asked then, and later, rejects with the same error. */
  constructor(name: string, onDeath: (error: HubError) => void) {
    this.#onDeath = onDeath;
    // The published package is compiled, and a URL is not rewritten like an import.
    const url = import.meta.url.endsWith('.ts') ? new URL('./worker.ts', import.meta.url) : new URL('./worker.js', import.meta.url);
    this.#worker = new Worker(url, { name });
    this.#worker.on('message', (answer: FromThread) => this.#onAnswer(answer));
    this.#worker.on('error', (error) => this.#die(error));
    this.#worker.on('messageerror', (error) => this.#die(error));
    this.#worker.on('exit', (code) => this.#die(new Error(`the thread ${name} ended with code ${code}`)));
  }

  ask(message: ToThread): Promise<unknown> {
    if (this.#death !== undefined) return Promise.reject(this.#death);
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      this.#worker.postMessage(message);
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#worker.terminate();
  }

  #onAnswer(answer: FromThread): void {
    const asked = this.#asked.shift();
    if (asked === undefined) return;
    try {
      asked.resolve(openAnswer(answer));
    } catch (error) {
      asked.reject(error);
    }
  }

  #die(cause: unknown): void {
    if (this.#death !== undefined) return;
    this.#death = new HubError('storage_failed', { cause });
    if (!this.#isStopping) this.#onDeath(this.#death);
    for (const asked of this.#asked.splice(0)) asked.reject(this.#death);
  }
}

/** The value of an answer; throws what the thread refused with. */
function openAnswer(answer: FromThread): unknown {
  if ('value' in answer) return answer.value;
  throw 'refusal' in answer ? toHubError(answer.refusal) : new StoreStartError(answer.startRefused);
}
