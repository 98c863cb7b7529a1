/** A thread of the store: owns one connection and answers each message once, in order. */

import { type MessagePort, parentPort } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { describe, toRefusal } from '../../outcome.ts';
import { StoreStartError } from '../../start-error.ts';
import { BatchWriter } from '../sql/batch.ts';
import { createCheck } from '../sql/check.ts';
import { closeDatabase, openCheckpointer, openDatabase, toStartError } from '../sql/database.ts';
import { createReads } from '../sql/reads.ts';
import { createSnapshot, isSqliteError } from '../sql/sqlite.ts';
import {
  type CheckPlace,
  type Committed,
  type DatabaseSetup,
  type FromThread,
  invoke,
  type ReadCall,
  type Reads,
  type ToThread,
} from './calls.ts';
import { unpackCall } from './pack.ts';

interface Opened {
  readonly db: Database;
  /** Undefined on a read-only connection. */
  readonly writer: BatchWriter | undefined;
  readonly read: (call: ReadCall) => unknown;
  readonly check: (place: CheckPlace) => unknown;
  /** Copies the log: `db` itself, unless that is read-only. */
  readonly checkpointer: Database;
}

function open(setup: DatabaseSetup): Opened {
  const db = openDatabase(setup);
  try {
    return prepare(db, setup);
  } catch (error) {
    db.close();
    throw toStartError(setup.file, error);
  }
}

function prepare(db: Database, setup: DatabaseSetup): Opened {
  const reads: Reads = createReads(db);
  const snapshot = createSnapshot(db);
  const check = createCheck(db);
  return {
    db,
    writer: setup.readonly ? undefined : new BatchWriter(db, setup.limits),
    read: (call) => snapshot(() => invoke(reads, call)),
    check: (place) => snapshot(() => check(place)),
    checkpointer: setup.readonly ? openCheckpointer(setup.file) : db,
  };
}

function run({ db, writer, read, check, checkpointer }: Opened, message: Exclude<ToThread, { kind: 'open' }>): unknown {
  switch (message.kind) {
    case 'read':
      return read(message.call);
    case 'commit':
      if (writer === undefined) throw new Error('this connection is read-only');
      return {
        outcomes: writer.commit(message.calls.map(unpackCall)),
        uncopiedPages: writer.uncopiedPages,
        damage: writer.takeDamage(),
      } satisfies Committed;
    case 'check':
      return check(message.place);
    case 'checkpoint':
      checkpointer.pragma('wal_checkpoint(PASSIVE)');
      return undefined;
    case 'close':
      if (checkpointer !== db) checkpointer.close();
      if (writer?.isBroken !== true) closeDatabase(db);
      return undefined;
  }
}

function toAnswer(error: unknown): FromThread {
  if (error instanceof StoreStartError) return { startRefused: error.message };
  if (isSqliteError(error)) {
    const code = error.code.startsWith('SQLITE_CORRUPT') ? 'storage_damaged' : 'storage_failed';
    return { refusal: { code, cause: `${error.code}: ${describe(error)}` } };
  }
  return { refusal: toRefusal(error) };
}

function serve(port: MessagePort): void {
  let opened: Opened | undefined;
  const answer = (message: ToThread): unknown => {
    if (message.kind === 'open') {
      opened = open(message.setup);
      return undefined;
    }
    if (opened === undefined) throw new Error('the database is not open');
    return run(opened, message);
  };
  port.on('message', (message: ToThread) => {
    try {
      port.postMessage({ value: answer(message) } satisfies FromThread);
    } catch (error) {
      port.postMessage(toAnswer(error));
    }
  });
}

if (parentPort !== null) serve(parentPort);
