/** The shortest part of a history that shows a violation, as lines for people. */
import type { Violation } from '../checks/check.ts';
import type { EventLog, KeptEvent } from './event-log.ts';
import type { World } from './world.ts';
import { readerName, streamName } from './world.ts';

/** More are cut out of the middle. */
const linesMax = 60;

/** The lives of connections, which matter for those connections that the other lines name. */
const lifeKinds: ReadonlySet<string> = new Set(['open', 'registered', 'unsure', 'closed', 'proved']);
const hubKinds: ReadonlySet<string> = new Set(['up', 'down', 'stopped', 'continued']);
const memberKinds: ReadonlySet<string> = new Set(['join', 'joined', 'leave', 'left']);

export function explain(log: EventLog, world: World, violation: Violation): string[] {
  const readers = readersOf(log);
  const concerned = concernedReaders(violation, world, readers);
  const shown = [...log].filter((event) => concerns(event, violation));
  const connections = new Set(shown.map((event) => event.values.connection));
  if (violation.connection !== undefined) connections.add(violation.connection);
  const first = shown[0]?.atMs ?? 0;

  const isShown = (event: KeptEvent): boolean => {
    if (hubKinds.has(event.kind)) return event.atMs >= first;
    const { connection } = event.values;
    if (lifeKinds.has(event.kind)) {
      return connections.has(connection) && (event.kind !== 'proved' || event.values.stream === violation.stream);
    }
    if (memberKinds.has(event.kind)) return event.values.stream === violation.stream && concerned.has(readers.get(connection));
    return concerns(event, violation);
  };
  const lines = [...log].filter(isShown).map((event) => line(event, world, readers));
  if (lines.length <= linesMax) return lines;
  const left = lines.length - linesMax;
  return [...lines.slice(0, linesMax / 2), `          … ${left} more …`, ...lines.slice(-linesMax / 2)];
}

/** What happened to the message, and at the place in the stream. */
function concerns({ values }: KeptEvent, { message, stream, seq, user, connection }: Violation): boolean {
  if (message !== undefined && values.message === message) return true;
  if (stream !== undefined && seq !== undefined && values.stream === stream && values.connection === connection) {
    return Math.abs(Number(values.seq) - seq) <= 1;
  }
  return message === undefined && seq === undefined && user !== undefined && values.online !== undefined;
}

function readersOf(log: EventLog): Map<number | string | undefined, number> {
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

function line({ kind, atMs, values }: KeptEvent, world: World, readers: ReadonlyMap<number | string | undefined, number>): string {
  const parts = Object.entries(values).map(([name, value]) => {
    if (name === 'stream') return value === -1 ? 'in all streams' : `in ${streamName(world, Number(value))}`;
    if (name === 'reader') return readerName(world, Number(value));
    if (name === 'connection') return `connection ${value} (${readerName(world, readers.get(value) ?? -1)})`;
    return `${name} ${value}`;
  });
  return `${(atMs / 1000).toFixed(3).padStart(9)} s  ${kind.padEnd(10)} ${parts.join(', ')}`;
}
