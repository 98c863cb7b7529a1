import type { Ledger } from '../history/ledger.ts';
import { isInbox } from '../history/world.ts';
import type { Check, Report } from './check.ts';

interface Gap {
  readonly connection: number;
  readonly user: number;
  readonly stream: number;
  /** Missing: `after < seq < before`. */
  readonly after: number;
  readonly before: number;
}

/**
 * A connection gets a stream in the order of `seq`, each `seq` at most once and without a gap, from where its reader stands on.
 * What may be missing: messages that the reader's user sent without echo, and what passed while the user was not a member.
 */
export const streamOrder: Check = {
  name: 'stream order',
  watch(ledger, report) {
    /** Gaps in which a `seq` is of a message that nobody has seen yet. */
    const open: Gap[] = [];
    return {
      on(event) {
        if (event.kind !== 'delivered') return;
        const { connection, stream, seq, message } = event;
        const { user, positions } = ledger.connection(connection);
        const last = positions.get(stream);
        if (last !== undefined && seq <= last.seq) {
          const problem = seq === last.seq ? `seq ${seq} came twice on one connection` : `seq ${seq} came after seq ${last.seq}`;
          report({ problem, stream, seq, message, connection });
          return;
        }
        const after = standsAt(ledger, connection, stream);
        if (after === undefined || seq <= after + 1) return;
        const gap: Gap = { connection, user, stream, after, before: seq };
        if (!isExplained(ledger, gap, report)) open.push(gap);
      },
      end() {
        for (const gap of open) {
          if (isExplained(ledger, gap, report)) continue;
          const { stream, connection, after, before } = gap;
          report({ problem: `seq ${after} was followed by ${before}, and nobody got what is between`, stream, seq: before, connection });
        }
      },
    };
  },
};

/** The `seq` after which the connection's next message has to come; undefined if a change of membership leaves it open. */
function standsAt(ledger: Ledger, connection: number, stream: number): number | undefined {
  const { user, reader, positions } = ledger.connection(connection);
  const epoch = ledger.epoch(user, stream);
  for (const position of [positions.get(stream), ledger.readerPosition(reader, stream), ledger.userPosition(user, stream)]) {
    if (position !== undefined) return position.epoch === epoch ? position.seq : undefined;
  }
  return isInbox(ledger.world, stream) ? 0 : undefined;
}

/** False if something in the gap is not known yet. What must not be missing is reported. */
function isExplained(ledger: Ledger, { connection, user, stream, after, before }: Gap, report: Report): boolean {
  for (let seq = after + 1; seq < before; seq++) {
    const message = ledger.stream(stream).messageAt(seq);
    if (message === undefined) return false;
    if (ledger.isSilentFor(user, message)) continue;
    report({ problem: `seq ${after} was followed by seq ${before}: seq ${seq} is missing`, stream, seq, message, connection });
    return true;
  }
  return true;
}
