import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'parley-store-'));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** The files as a killed process leaves them: without the lock, and without the shared memory, which is made anew. */
export function copyAsKilled(folder: string): string {
  const copy = makeFolder();
  for (const file of ['parley.db', 'parley.db-wal']) cpSync(join(folder, file), join(copy, file));
  return copy;
}
