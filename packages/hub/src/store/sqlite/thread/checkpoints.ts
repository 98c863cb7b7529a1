/**
 * Copies SQLite's log into the database file beside the commits. SQLite would do it inside of a commit, and everybody would
 * wait for tens of milliseconds, more than once a second when the hub is busy.
 *
 *     a commit reports 16 MB of log ─► the reading thread copies it ─► the writer copies what came meanwhile ─► the next commit starts the log anew
 *
 * The second step is what keeps the log short under load: it only starts anew when all of it was copied. A checkpoint
 * that fails loses nothing, and the log grows until the writer copies it by itself (`database.ts`).
 */
import type { Thread } from './thread.ts';

/** 16 MB: more saves writes of pages that change often, less saves time at the start after a crash. */
const pagesBetween = 4_000;

export class Checkpoints {
  readonly #threads: readonly Pick<Thread, 'ask'>[];
  #isRunning = false;

  constructor(reader: Pick<Thread, 'ask'>, writer: Pick<Thread, 'ask'>) {
    this.#threads = [reader, writer];
  }

  onCommit(uncopiedPages: number): void {
    if (this.#isRunning || uncopiedPages < pagesBetween) return;
    this.#isRunning = true;
    void this.#run().finally(() => {
      this.#isRunning = false;
    });
  }

  async #run(): Promise<void> {
    for (const thread of this.#threads) await thread.ask({ kind: 'checkpoint' }).catch(() => {});
  }
}
