/** What statements and their failures have in common. */
import Database from 'better-sqlite3';

/**
 * For a text that is compared with a column in a statement with ORDER BY, min or max. With a bare `?` there, or one at LIMIT, SQLite
 * plans the statement anew at every call, to see the value first (STAT4), which takes about ten times as long as the rest.
 */
export const textParameter = 'CAST(? AS TEXT)';

export function isSqliteError(error: unknown): error is InstanceType<typeof Database.SqliteError> {
  return error instanceof Database.SqliteError;
}

/** A page of the file that can't be read, or does not make sense. */
export function isDamage(error: unknown): boolean {
  return isSqliteError(error) && /^SQLITE_(CORRUPT|NOTADB|IOERR_(READ|SHORT_READ|CORRUPTFS|DATA))/.test(error.code);
}

export function unlessDamaged<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/**
 * Runs reads on one state of the database. It ends with ROLLBACK, since there is nothing to commit, and since SQLite refuses to commit
 * once it has met a damaged page.
 */
export function createSnapshot(db: Database.Database): <R>(run: () => R) => R {
  const begin = db.prepare('BEGIN');
  const end = db.prepare('ROLLBACK');
  return (run) => {
    begin.run();
    try {
      return run();
    } finally {
      if (db.inTransaction) end.run();
    }
  };
}
