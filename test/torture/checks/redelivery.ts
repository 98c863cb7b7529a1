import { allStreams } from '../history/events.ts';
import type { Check } from './check.ts';

/**
 * For how long an acknowledgement may be lost without a fault: the hub writes acknowledgements behind the messages that
 * wait for the disk. Only one that is older, on a hub that neither ended nor was stopped meanwhile, has to hold.
 */
const settleMs = 5_000;

interface Acknowledgement {
  readonly atMs: number;
  readonly upTo: ReadonlyMap<number, number>;
}

/**
 * A reader gets a message a second time only on a later connection, marked `redelivered`, and only if its
 * receipt had not been acknowledged before that connection was opened.
 */
export const redelivery: Check = {
  name: 'redelivery',
  watch(ledger, report) {
    /** Of each reader, by stream: what is surely known to be received. */
    const settled = new Map<number, Map<number, number>>();
    const acknowledgements = new Map<number, Acknowledgement[]>();
    /** Of each connection: what was settled when it was opened. */
    const settledBefore: ReadonlyMap<number, number>[] = [];
    /** Nodes that can't hear an acknowledgement now, and whether none of them can write it down. */
    const stopped = new Set<number>();
    let isStoreDown = false;

    const settle = (connection: number, nowMs: number): void => {
      const waiting = acknowledgements.get(connection);
      while (waiting?.[0] !== undefined && waiting[0].atMs <= nowMs - settleMs) {
        const acknowledgement = waiting.shift();
        const { reader } = ledger.connection(connection);
        const known = settled.get(reader) ?? new Map<number, number>();
        for (const [stream, seq] of acknowledgement?.upTo ?? []) known.set(stream, Math.max(seq, known.get(stream) ?? 0));
        settled.set(reader, known);
      }
    };
    const settleAll = (nowMs: number): void => {
      for (const connection of acknowledgements.keys()) settle(connection, nowMs);
    };

    return {
      on(event) {
        if (event.kind === 'open') {
          settleAll(event.atMs);
          settledBefore[event.connection] = new Map(settled.get(event.reader));
        } else if (event.kind === 'acknowledged') {
          const { connection, stream, seq, atMs } = event;
          if (isStoreDown || stopped.has(ledger.connection(connection).node)) return;
          const positions = ledger.connection(connection).positions;
          const upTo =
            stream === allStreams ? new Map([...positions].map(([key, position]) => [key, position.seq])) : new Map([[stream, seq]]);
          acknowledgements.set(connection, [...(acknowledgements.get(connection) ?? []), { atMs, upTo }]);
          settle(connection, atMs);
        } else if (event.kind === 'closed') {
          settle(event.connection, event.atMs);
          acknowledgements.delete(event.connection);
        } else if (event.kind === 'down' || event.kind === 'stopped') {
          const { node = 0 } = event;
          if (event.kind === 'stopped') stopped.add(node);
          settleAll(event.atMs);
          for (const connection of acknowledgements.keys())
            if (ledger.connection(connection).node === node) acknowledgements.delete(connection);
        } else if (event.kind === 'continued' || event.kind === 'up') {
          stopped.delete(event.node ?? 0);
        } else if (event.kind === 'storeDown') {
          isStoreDown = true;
          settleAll(event.atMs);
          acknowledgements.clear();
        } else if (event.kind === 'storeUp') {
          isStoreDown = false;
        } else if (event.kind === 'delivered') {
          const { connection, stream, seq, message, redelivered } = event;
          const had = ledger.connection(connection).readerHad.get(stream);
          const isSecond = had !== undefined && had.start <= seq && seq <= had.seq;
          if (isSecond && !redelivered) report({ problem: `seq ${seq} came again without the mark`, stream, seq, message, connection });
          if (seq <= (settledBefore[connection]?.get(stream) ?? 0)) {
            report({ problem: `seq ${seq} came again although its receipt had been acknowledged`, stream, seq, message, connection });
          }
        }
      },
    };
  },
};
