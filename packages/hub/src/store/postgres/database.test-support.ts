/** Empty databases with all tables and functions, on a server of the test's own. */
import { postgresMissing, startPostgres } from '@parley/testkit';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { type Connection, connect, type Sql } from './connection.ts';
import { baseChecksum } from './message-rows.ts';
import { migrate } from './migrations.ts';
import { parseTarget } from './target.ts';

export type OpenConnection = () => Promise<Connection>;

/** For the tests of a file: a function that makes a database and gives what opens connections to it. Without PostgreSQL all are skipped. */
export function useDatabases(): () => Promise<OpenConnection> {
  const missing = postgresMissing();
  let databases: TestDatabases | undefined;
  beforeAll(async () => {
    if (missing === undefined) databases = await startDatabases();
  });
  beforeEach(({ skip }) => {
    if (missing !== undefined) skip(`not installed: ${missing}`);
  });
  afterAll(() => databases?.remove());
  return () => databases?.create() ?? Promise.reject(new Error('there is no server'));
}

interface TestDatabases {
  create(): Promise<OpenConnection>;
  remove(): Promise<void>;
}

async function startDatabases(): Promise<TestDatabases> {
  const server = await startPostgres('-c fsync=off');
  const connections: Connection[] = [];
  const open = async (url: string): Promise<Connection> => {
    const options = { name: 'test', clock: systemClock, connectTimeoutMs: 10_000, answerTimeoutMs: 30_000 };
    const connection = await connect(parseTarget(url), options);
    connections.push(connection);
    return connection;
  };
  const template = await server.createDatabase();
  const first = await open(template);
  await migrate(first, 'the database');
  await first.close();
  return {
    async create() {
      const url = await server.createDatabase(template);
      return () => open(url);
    },
    async remove() {
      for (const connection of connections) await connection.close();
      await server.remove();
    },
  };
}

/** Runs statements in a transaction, and undoes it if one fails. */
export async function transaction<R>(connection: Connection, run: (sql: Sql) => Promise<R>): Promise<R> {
  await connection.query({ text: 'BEGIN', values: [] });
  try {
    const result = await run(connection);
    await connection.query({ text: 'COMMIT', values: [] });
    return result;
  } catch (error) {
    await connection.query({ text: 'ROLLBACK', values: [] });
    throw error;
  }
}

/** Stores messages as an append would; `seq` and `id` go on from what is there. */
export async function storeMessages(sql: Sql, stream: string, contents: readonly string[], storedAtMs = 1_000): Promise<void> {
  const isRoom = stream.startsWith('room:');
  const name = stream.slice(5);
  for (const content of contents) {
    const [row] = await sql.query<{ seq: number; id: number }>({
      text: `INSERT INTO streams AS s (stream, last_seq) VALUES ($1, 1) ON CONFLICT (stream) DO UPDATE SET last_seq = s.last_seq + 1
        RETURNING last_seq AS seq, nextval('message_ids') * 4096 AS id`,
      values: [stream],
    });
    const { seq, id } = row ?? { seq: 0, id: 0 };
    const message = { stream, senderId: 'sender', type: 'text', content, createdAtMs: 1_000, clientMsgId: null, echo: true };
    await sql.query({
      text: `INSERT INTO messages
          (id, seq, created_at, stored_at, checksum, echo, receipt, stream, sender_id, recipient_id, room_id, message_type, content)
        VALUES ($1, $2, 1000, $3, $4, true, false, $5, 'sender', $6, $7, 'text', $8)`,
      values: [id, seq, storedAtMs, baseChecksum(message) + id + seq, stream, isRoom ? null : name, isRoom ? name : null, content],
    });
  }
}
