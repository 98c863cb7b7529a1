/**
 * The check of a start. What SQLite can rebuild, the indexes and the list of free pages, is rebuilt. Damaged messages do not keep
 * the hub from starting: they are reported when they are read. Everything else is essential, and so is that a message can be stored.
 */
import type { Database } from 'better-sqlite3';
import { problemOf } from './check.ts';
import { isDamage } from './sqlite.ts';

/** What keeps the hub from starting. */
export function mendStructure(db: Database): string | undefined {
  if (quickCheck(db) === undefined) return undefined;
  makeIndexesAnew(db);
  const problem = quickCheck(db);
  if (problem === undefined) return undefined;
  const tables = db.prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const problems = tables.map(({ name }) => ({ name, problem: problemOf(db, name) })).filter((found) => found.problem !== undefined);
  const essential = problems.find(({ name }) => name !== 'messages');
  if (essential !== undefined) return essential.problem;
  if (problems.length > 0) return canStore(db) ? undefined : problem;
  // Only pages that belong to nothing, or the list of free ones.
  attempt(() => db.exec('VACUUM'));
  return quickCheck(db);
}

function makeIndexesAnew(db: Database): void {
  if (attempt(() => db.exec('REINDEX'))) return;
  const indexes = db.prepare<[], { name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
  );
  for (const { name, sql } of indexes.all()) {
    if (!attempt(() => db.exec(`REINDEX ${name}`))) attempt(() => forgetAndCreate(db, name, sql));
  }
}

/** For an index that is too damaged to be emptied: its pages are lost to the file until it is compacted. */
function forgetAndCreate(db: Database, name: string, sql: string): void {
  db.unsafeMode(true);
  try {
    db.transaction(() => {
      db.pragma('writable_schema = ON');
      db.prepare("DELETE FROM sqlite_schema WHERE type = 'index' AND name = ?").run(name);
      db.pragma('writable_schema = RESET');
      db.exec(sql);
    })();
  } finally {
    // Reads the schema again, which a rollback leaves as it was without the index: what this connection stores would not be in it.
    db.pragma('writable_schema = RESET');
    db.unsafeMode(false);
  }
}

function quickCheck(db: Database): string | undefined {
  try {
    const found = String(db.pragma('quick_check(1)', { simple: true }));
    return found === 'ok' ? undefined : found;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return String(error);
  }
}

/** False: it stays as it is, which the check that follows will find. */
function attempt(run: () => void): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

/** Whether the end of the table and its indexes can be written. */
function canStore(db: Database): boolean {
  try {
    db.exec(`
      BEGIN;
      INSERT INTO messages (id, stream, seq, sender_id, message_type, created_at, stored_at, echo, receipt, content)
        VALUES ((SELECT max(id) + 1 FROM messages), '', 1, '', '', 0, 0, 1, 0, '');`);
    return true;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return false;
  } finally {
    if (db.inTransaction) db.exec('ROLLBACK');
  }
}
