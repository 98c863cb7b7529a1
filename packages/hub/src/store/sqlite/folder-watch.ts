/**
 * Notices that the files of the store are no longer where they were opened: the folder was removed, moved or replaced. What is
 * committed after that is in files that nobody will find again, and another hub may have begun at the old place.
 */
import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cancel, Clock } from '../../lib/clock.ts';

const intervalMs = 2_000;

const files = ['', 'parley.db', 'parley.db-wal', 'parley.lock'];

export interface FolderWatchPorts {
  readonly folder: string;
  readonly clock: Pick<Clock, 'after'>;
  /** Called once. The message is for the operator. */
  readonly onLost: (message: string) => void;
}

/** Throws if the files are not there. The returned function ends the watch. */
export function watchFolder({ folder, clock, onLost }: FolderWatchPorts): Cancel {
  const opened = files.map((file) => ({ path: join(folder, file), identity: identityOf(statSync(join(folder, file))) }));
  let cancel: Cancel = () => {};
  let isOver = false;

  const look = async (): Promise<void> => {
    const lost = await Promise.all(opened.map(async ({ path, identity }) => ((await identityAt(path)) === identity ? undefined : path)));
    const path = lost.find((one) => one !== undefined);
    if (isOver) return;
    if (path === undefined) {
      cancel = clock.after(intervalMs, () => void look());
      return;
    }
    isOver = true;
    onLost(`${path} was removed, moved or replaced while the hub was running: put the data folder back, then start the hub again.`);
  };
  cancel = clock.after(intervalMs, () => void look());
  return () => {
    isOver = true;
    cancel();
  };
}

async function identityAt(path: string): Promise<string | undefined> {
  try {
    return identityOf(await stat(path));
  } catch {
    return undefined;
  }
}

const identityOf = ({ dev, ino }: { readonly dev: number; readonly ino: number }): string => `${dev} ${ino}`;
