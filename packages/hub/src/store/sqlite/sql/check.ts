import type { Database } from 'better-sqlite3';
import type { DamagedMessage, StreamId } from '../../../ports/store.ts';
import { describe } from '../../outcome.ts';
import type { CheckedPart, CheckPlace } from '../thread/calls.ts';
import { type MessageRow, messageColumns, verified } from './message-rows.ts';
import { isDamage, unlessDamaged } from './sqlite.ts';

const partRows = 200;

/** All but `messages`, which are checked one by one. */
const tables = ['meta', 'rooms', 'room_members', 'streams', 'deleted_streams', 'readers', 'cursors', 'deliveries', 'connection_state'];

/** Checks a part of the file: messages in the order of the index that leads to them, then the structure of the other tables. */
export function createCheck(db: Database): (place: CheckPlace) => CheckedPart {
  const checkMessages = createCheckMessages(db);
  const newest = db.prepare<[], { id: number | null }>('SELECT max(id) AS id FROM messages');
  const newestId = (): number => unlessDamaged(() => newest.get()?.id ?? 0) ?? Number.MAX_SAFE_INTEGER;
  return (place) => {
    try {
      if (place !== 'tables') return checkMessages(place === 'start' ? { stream: '', seq: 0, uptoId: newestId() } : place);
      return { damaged: [], problem: tables.map((table) => problemOf(db, table)).find((found) => found !== undefined), next: undefined };
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { damaged: [], problem: describe(error), next: place === 'tables' ? undefined : 'tables' };
    }
  };
}

/** What SQLite finds wrong with a table and its indexes. */
export function problemOf(db: Database, table: string): string | undefined {
  try {
    const found = String(db.pragma(`quick_check('${table}')`, { simple: true }));
    return found === 'ok' ? undefined : `${table}: ${found}`;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return `${table}: ${describe(error)}`;
  }
}

interface Place {
  readonly stream: StreamId;
  readonly seq: number;
  readonly id: number;
}

function createCheckMessages(db: Database): (after: Exclude<CheckPlace, string>) => CheckedPart {
  const places = db.prepare<[string, number, number, number], Place>(`
    SELECT stream, seq, id FROM messages INDEXED BY messages_by_stream
    WHERE (stream, seq) > (CAST(? AS TEXT), CAST(? AS INTEGER)) AND id <= CAST(? AS INTEGER) ORDER BY stream, seq LIMIT CAST(? AS INTEGER)`);
  const row = db.prepare<[number], MessageRow>(`SELECT ${messageColumns}, stream FROM messages WHERE id = ?`).raw();

  const isDamaged = ({ stream, seq, id }: Place): boolean => {
    const found = unlessDamaged(() => row.get(id));
    return found === undefined || found[9] !== stream || verified(stream, seq, found).length === 1;
  };

  return ({ stream, seq, uptoId }) => {
    const part = places.all(stream, seq, uptoId, partRows);
    const damaged: Pick<DamagedMessage, 'stream' | 'seq'>[] = part.filter(isDamaged).map(({ stream, seq }) => ({ stream, seq }));
    const last = part.length === partRows ? part.at(-1) : undefined;
    return { damaged, problem: undefined, next: last === undefined ? 'tables' : { stream: last.stream, seq: last.seq, uptoId } };
  };
}
