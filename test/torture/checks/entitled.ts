import type { Ledger } from '../history/ledger.ts';
import { isInbox } from '../history/world.ts';
import type { Check } from './check.ts';

/**
 * Nobody gets what is not theirs: another's inbox, a room's messages from before the join or after the leave, and
 * one's own messages that were sent without echo.
 */
export const entitled: Check = {
  name: 'nobody got what was not theirs',
  watch: (ledger, report) => ({
    on(event) {
      if (event.kind !== 'delivered') return;
      const { connection, stream, seq, message } = event;
      const problem = whyNot(ledger, connection, stream, seq, message);
      if (problem !== undefined) report({ problem, stream, seq, message, connection });
    },
  }),
};

function whyNot(ledger: Ledger, connection: number, stream: number, seq: number, message: number): string | undefined {
  const { user } = ledger.connection(connection);
  const { world, messages } = ledger;
  const sent = messages.stream(message);
  if (sent !== stream) return `message ${message} was sent to another stream`;
  if (isInbox(world, stream)) return stream === user ? undefined : `${world.users[user]} got a message to ${world.users[stream]}`;
  if (ledger.isSilentFor(user, message)) return `${world.users[user]} got its own message ${message}, sent without echo`;

  const stays = ledger.memberships.stays(user, stream);
  const last = stays.at(-1);
  if (last === undefined) return `${world.users[user]} never joined the room`;
  if (last.leftConnection === connection && last.leftAt !== undefined)
    return `seq ${seq} came on the connection that was told that the room was left`;
  const sentAt = messages.sentAt(message);
  const fits = stays.some((stay) => seq > stay.seqFloor && (stay.leftAt === undefined || sentAt < stay.leftAt));
  return fits ? undefined : `${world.users[user]} was not a member when seq ${seq} was sent`;
}
