/**
 * The schema, as the steps that lead to it; `schema` in `meta` counts the steps that a database has taken.
 * A step that was released is never changed.
 *
 * Text is compared byte for byte, as everywhere in Parley. Times are wall-clock milliseconds, but `beat_at`, which is the server's.
 */
import { StoreStartError } from '../start-error.ts';
import { appendFunctions } from './append-functions.ts';
import type { Sql } from './connection.ts';
import { expireFunctions } from './expire-functions.ts';
import { historyFunctions } from './history-functions.ts';
import { readerFunctions } from './reader-functions.ts';
import { roomFunctions } from './room-functions.ts';

/** Any number that other programs are unlikely to lock. */
const migrationLock = 7_275_398_531;

/** One at a time, whichever node comes first. `sql` is a connection of its own. */
export async function migrate(sql: Sql, database: string): Promise<void> {
  const run = (text: string) => sql.query({ text, values: [] });
  await run('BEGIN');
  try {
    await sql.query({ text: 'SELECT pg_advisory_xact_lock($1)', values: [migrationLock] });
    const from = await schemaOf(sql, database);
    for (const step of migrations.slice(from)) await run(step);
    await sql.query({
      text: "INSERT INTO meta (key, value) VALUES ('schema', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      values: [String(migrations.length)],
    });
    await run('COMMIT');
  } catch (error) {
    await run('ROLLBACK').catch(() => {});
    throw error;
  }
}

async function schemaOf(sql: Sql, database: string): Promise<number> {
  const tables = await sql.query<{ name: string }>({
    text: "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() AND tablename IN ('meta', 'messages', 'rooms')",
    values: [],
  });
  if (tables.length === 0) return 0;
  const rows = tables.some(({ name }) => name === 'meta') ? await readVersion(sql) : [];
  const version = Number(rows[0]?.value ?? Number.NaN);
  if (!Number.isInteger(version)) {
    throw new StoreStartError(`${database} holds tables of another program: choose or create an empty database with --store.`);
  }
  if (version > migrations.length) {
    throw new StoreStartError(
      `${database} was written by a newer Parley (schema ${version}, this one knows ${migrations.length}): ` +
        'start that version, or restore the backup that was made before the update.',
    );
  }
  return version;
}

/** Nothing, if `meta` is a table of somebody else. The savepoint lets the transaction go on then. */
async function readVersion(sql: Sql): Promise<readonly { value: unknown }[]> {
  await sql.query({ text: 'SAVEPOINT version', values: [] });
  try {
    return await sql.query<{ value: unknown }>({ text: "SELECT value FROM meta WHERE key = 'schema'", values: [] });
  } catch {
    await sql.query({ text: 'ROLLBACK TO version', values: [] });
    return [];
  }
}

const migrations: readonly string[] = [
  `
  CREATE TABLE meta (
    key text COLLATE "C" PRIMARY KEY,
    value text COLLATE "C" NOT NULL
  );

  CREATE TABLE nodes (
    node_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address text COLLATE "C" NOT NULL,
    started_at double precision NOT NULL,
    beat bigint NOT NULL DEFAULT 0,
    beat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended boolean NOT NULL DEFAULT false
  );

  -- The rest of a row is the answer to the last commit, for a node that lost it.
  CREATE TABLE lanes (
    node_id int NOT NULL,
    lane int NOT NULL,
    position bigint NOT NULL,
    base_id bigint,
    lasts bigint[],
    versions bigint[],
    refused json,
    PRIMARY KEY (node_id, lane)
  ) WITH (fillfactor = 10, toast_tuple_target = 8160);

  -- The log of a stream is (trimmed_seq, last_seq]; what lies at or below it is only history. floor_seq is where the readers of an inbox
  -- begin that have no cursor. members_version counts the changes of a room's members, and whoever changes them locks this row first.
  CREATE TABLE streams (
    stream text COLLATE "C" PRIMARY KEY,
    last_seq bigint NOT NULL,
    trimmed_seq bigint NOT NULL DEFAULT 0,
    floor_seq bigint NOT NULL DEFAULT 0,
    members_version bigint NOT NULL DEFAULT 0
  ) WITH (fillfactor = 70);

  -- An id is a number of this sequence times 4096, and a place in the batch.
  CREATE SEQUENCE message_ids;
  CREATE TABLE messages (
    id bigint NOT NULL,
    seq bigint NOT NULL,
    created_at double precision NOT NULL,
    stored_at double precision NOT NULL, -- on the retention clock
    checksum bigint NOT NULL, -- see message-rows.ts
    echo boolean NOT NULL,
    receipt boolean NOT NULL,
    stream text COLLATE "C" NOT NULL,
    sender_id text COLLATE "C" NOT NULL,
    recipient_id text COLLATE "C",
    room_id text COLLATE "C",
    message_type text COLLATE "C" NOT NULL,
    client_msg_id text COLLATE "C",
    content text COLLATE "C" NOT NULL,
    PRIMARY KEY (stream, seq)
  );
  CREATE UNIQUE INDEX messages_by_client_id ON messages (sender_id, client_msg_id, stream) WHERE client_msg_id IS NOT NULL;
  CREATE INDEX messages_by_conversation ON messages (stream, sender_id, id) WHERE recipient_id IS NOT NULL;
  CREATE INDEX messages_without_echo ON messages (stream, sender_id, seq) WHERE NOT echo;
  CREATE INDEX messages_with_receipt ON messages (stream, seq) WHERE receipt;

  CREATE TABLE rooms (
    ordinal bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- the order of creation
    room_id text COLLATE "C" NOT NULL UNIQUE,
    room_name text COLLATE "C" NOT NULL,
    created_by text COLLATE "C" NOT NULL,
    created_at double precision NOT NULL,
    is_private boolean NOT NULL,
    max_members int NOT NULL,
    member_count int NOT NULL DEFAULT 0
  );
  CREATE INDEX rooms_by_privacy ON rooms (is_private, ordinal);

  CREATE TABLE room_members (
    ordinal bigint GENERATED ALWAYS AS IDENTITY, -- the order of joining
    room_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    joined_at double precision NOT NULL,
    role text COLLATE "C" NOT NULL CHECK (role IN ('owner', 'member')),
    joined_seq bigint NOT NULL,
    PRIMARY KEY (room_id, user_id)
  );
  CREATE INDEX room_members_by_room ON room_members (room_id, ordinal);
  CREATE INDEX room_members_by_user ON room_members (user_id, ordinal);

  -- When a reader was last used, on the retention clock.
  CREATE TABLE readers (
    user_id text COLLATE "C" NOT NULL,
    device_id text COLLATE "C" NOT NULL, -- '': the user itself
    opened_at double precision NOT NULL,
    used_at double precision NOT NULL,
    PRIMARY KEY (user_id, device_id)
  );

  -- One row for each open connection of a reader. The slots of a user are the connections it may have over all nodes.
  CREATE TABLE sessions (
    user_id text COLLATE "C" NOT NULL,
    slot int NOT NULL,
    device_id text COLLATE "C" NOT NULL,
    node_id int NOT NULL,
    PRIMARY KEY (user_id, slot)
  );
  CREATE INDEX sessions_by_node ON sessions (node_id);

  -- Readers that were open on a node that ended without closing them: everything may have been written to them.
  CREATE TABLE crashed_readers (
    user_id text COLLATE "C" NOT NULL,
    device_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, device_id)
  );

  CREATE TABLE cursors (
    user_id text COLLATE "C" NOT NULL,
    device_id text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    received_seq bigint NOT NULL,
    written_seq bigint NOT NULL,
    PRIMARY KEY (user_id, device_id, stream)
  ) WITH (fillfactor = 70);

  -- One row for each move of a user's inbox cursor: everything up to seq had reached the user by then.
  CREATE TABLE deliveries (
    stream text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    delivered_at double precision NOT NULL,
    PRIMARY KEY (stream, seq)
  );

  CREATE TABLE connection_state (
    user_id text COLLATE "C" PRIMARY KEY,
    state text COLLATE "C" NOT NULL CHECK (state IN ('online', 'away', 'dnd', 'invisible')),
    status_text text COLLATE "C",
    last_seen double precision NOT NULL,
    version bigint NOT NULL DEFAULT 1
  );

  -- Streams of deleted rooms whose messages are still to be removed: those at or below trimmed_seq.
  CREATE TABLE deleted_streams (
    stream text COLLATE "C" PRIMARY KEY
  );

  -- Each node counts for itself, so that they do not wait for one another.
  CREATE TABLE counters (
    node_id int NOT NULL,
    key text COLLATE "C" NOT NULL,
    value double precision NOT NULL,
    PRIMARY KEY (node_id, key)
  );
  `,
  roomFunctions,
  historyFunctions,
  expireFunctions,
  appendFunctions,
  readerFunctions,
];
