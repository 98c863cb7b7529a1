/** The shortest part of a history that shows a violation, as lines for people. */
import type { Violation } from '../checks/check.ts';
import type { EventLog, KeptEvent } from './event-log.ts';
import type { World } from './world.ts';
import { readerName, streamName } from './world.ts';

/** More are cut out of the middle. */
const linesMax = 60;

/** The lives of connections, which matter for those connections that the other lines name. */
const lifeKinds: ReadonlySet<string> = new Set(['open', 'registered', 'unsure', 'closed', 'acknowledged']);
const hubKinds: ReadonlySet<string> = new Set([...['up', 'down', 'stopped', 'continued'], ...['storeDown', 'storeUp', 'busDown', 'busUp']]);
const memberKinds: ReadonlySet<string> = new Set(['join', 'joined', 'leave', 'left']);

export function explain(log: EventLog, world: World, violation: Violation): string[] {
  const readers = readersOf(log);
  const concerned = concernedReaders(violation, world, readers);
  const concerns = (event: KeptEvent, index: number): boolean =>
    index === violation.foundAt || isOfMessage(event, violation) || isAtPlace(event, violation, readers);
  const events = [...log];
  const shown = events.filter(concerns);
  const connections = new Set(shown.map((event) => event.values.connection));
  const isOfUser = violation.user !== undefined && violation.message === undefined;
  const firstMs = isOfUser ? 0 : (shown[0]?.atMs ?? 0);

  const isShown = (event: KeptEvent, index: number): boolean => {
    const { connection, stream } = event.values;
    if (concerns(event, index)) return true;
    if (hubKinds.has(event.kind)) return event.atMs >= firstMs;
    if (lifeKinds.has(event.kind)) {
      const isConcerned = connections.has(connection) || (isOfUser && concerned.has(readers.get(connection)));
      return isConcerned && (event.kind !== 'acknowledged' || stream === violation.stream);
    }
    return memberKinds.has(event.kind) && stream === violation.stream && concerned.has(readers.get(connection));
  };
  const lines = events.filter(isShown).map((event) => line(event, world, readers));
  if (lines.length <= linesMax) return lines;
  const left = lines.length - linesMax;
  return [...lines.slice(0, linesMax / 2), `          … ${left} more …`, ...lines.slice(-linesMax / 2)];
}

function isOfMessage({ values }: KeptEvent, { message }: Violation): boolean {
  return message !== undefined && values.message === message;
}

/** What the same reader got at the place in the stream and beside it. */
function isAtPlace({ values }: KeptEvent, { stream, seq, connection }: Violation, readers: Readers): boolean {
  if (stream === undefined || seq === undefined || values.stream !== stream || !(Math.abs(Number(values.seq) - seq) <= 1)) return false;
  return readers.get(values.connection) === readers.get(connection);
}

/** The reader of each connection. */
type Readers = ReadonlyMap<number | string | undefined, number>;

function readersOf(log: EventLog): Readers {
  const readers = new Map<number | string | undefined, number>();
  for (const { kind, values } of log) if (kind === 'open') readers.set(values.connection, Number(values.reader));
  return readers;
}

/** Readers of the user that the violation is about; undefined stands for readers that are not known. */
function concernedReaders(
  violation: Violation,
  world: World,
  readers: ReadonlyMap<number | string | undefined, number>,
): Set<number | undefined> {
  const reader = readers.get(violation.connection);
  const user = violation.user ?? (reader === undefined ? undefined : world.readers[reader]?.user);
  return new Set([...world.readers.keys()].filter((index) => world.readers[index]?.user === user));
}

function line({ kind, atMs, values }: KeptEvent, world: World, readers: Readers): string {
  const parts = Object.entries(values).map(([name, value]) => {
    if (name === 'stream') return value === -1 ? 'in all streams' : `in ${streamName(world, Number(value))}`;
    if (name === 'reader') return readerName(world, Number(value));
    if (name === 'connection') return `connection ${value} (${readerName(world, readers.get(value) ?? -1)})`;
    return `${name} ${value}`;
  });
  return `${(atMs / 1000).toFixed(3).padStart(9)} s  ${kind.padEnd(10)} ${parts.join(', ')}`;
}
