import type { Ledger, Position } from '../history/ledger.ts';
import { isInbox } from '../history/world.ts';
import type { Check, Report } from './check.ts';

/** After this many the others say nothing new. */
const lossesMax = 20;

/**
 * After the drain, every acknowledged message has reached its recipient, or each member of its room: some reader of the
 * user in any case, and each reader that the hub had known before the message was sent.
 */
export const acknowledgedIsDelivered: Check = {
  name: 'acknowledged is delivered',
  watch(ledger, report) {
    return {
      on() {},
      end() {
        let losses = 0;
        const count: Report = (violation) => {
          losses += 1;
          report(violation);
        };
        for (let message = 0; message < ledger.messages.count && losses < lossesMax; message++) {
          if (ledger.messages.isAcknowledged(message)) checkMessage(ledger, message, count);
        }
      },
    };
  },
};

function checkMessage(ledger: Ledger, message: number, report: Report): void {
  const { messages, world, memberships } = ledger;
  const stream = messages.stream(message);
  if (isInbox(world, stream)) {
    checkUser(ledger, message, stream, 0, report);
    return;
  }
  for (const user of world.users.keys()) {
    const stay = memberships.current(user, stream);
    if (stay?.joinedAt === undefined || messages.sentAt(message) < stay.joinedAt) continue;
    if (!ledger.isSilentFor(user, message)) checkUser(ledger, message, user, stay.joinedAt, report);
  }
}

/** `since`: the number of the event since which the user reads the stream. */
function checkUser(ledger: Ledger, message: number, user: number, since: number, report: Report): void {
  const { messages, world } = ledger;
  const stream = messages.stream(message);
  const seq = messages.seq(message);
  const lost = (who: string) =>
    report({ problem: `message ${message}, acknowledged with seq ${seq}, never reached ${who}`, stream, seq, message, user });
  if (!covers(ledger.userPosition(user, stream), seq)) {
    lost(`${world.users[user]}`);
    return;
  }
  for (const [reader, plan] of world.readers.entries()) {
    if (plan.user !== user) continue;
    const knownSince = ledger.readerKnownSince(reader);
    if (knownSince === undefined || messages.sentAt(message) < Math.max(knownSince, since)) continue;
    if (!covers(ledger.readerPosition(reader, stream), seq)) lost(`the device ${plan.device} of ${world.users[user]}`);
  }
}

function covers(position: Position | undefined, seq: number): boolean {
  return position !== undefined && position.start <= seq && seq <= position.seq;
}
