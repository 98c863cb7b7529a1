import { rmSync, writeFileSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { describe, type Refusal } from '../../outcome.ts';
import { isSqliteError } from './sqlite.ts';

/** What a failed write means for those who wait for it. */
export function refusalFor(error: unknown, isOutOfSpaceNow: () => boolean): Refusal {
  const cause = describe(error);
  if (!isSqliteError(error) || /^SQLITE_(CONSTRAINT|TOOBIG|MISMATCH|RANGE)/.test(error.code)) return { code: 'internal_error', cause };
  if (error.code.startsWith('SQLITE_FULL')) return { code: 'storage_full', cause };
  // A quota that is used up is to SQLite an error of the disk like any other. Nothing of the batch was committed, so it can be rolled back.
  if (error.code === 'SQLITE_IOERR_WRITE' && isOutOfSpaceNow()) return { code: 'storage_full', cause };
  if (error.code.startsWith('SQLITE_BUSY')) return { code: 'overloaded', cause };
  // Met before anything was written, so it can be rolled back like a fault of our own.
  if (error.code.startsWith('SQLITE_CORRUPT')) return { code: 'storage_damaged', cause: `${error.code}: ${cause}` };
  return { code: 'storage_failed', cause: `${error.code}: ${cause}` };
}

const probeBytes = 64 * 1024;

/** A write of our own finds out. */
export function isOutOfSpace({ name, memory }: Pick<Database, 'name' | 'memory'>): boolean {
  if (memory) return false;
  const path = `${name}-probe`;
  try {
    writeFileSync(path, Buffer.alloc(probeBytes));
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
  } finally {
    rmSync(path, { force: true });
  }
}
