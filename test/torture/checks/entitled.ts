import type { TimedEvent } from '../history/events.ts';
import type { Ledger } from '../history/ledger.ts';
import { isInbox } from '../history/world.ts';
import type { Check } from './check.ts';

/**
 * Nobody gets what is not theirs: another's inbox, a room's messages from before the join or after the leave, and
 * one's own messages that were sent without echo.
 */
export const entitled: Check = entitledTo('nothing that comes after the leave');

/**
 * In a cluster, what was sent before the leave may be on its way from another node when the leave is answered, and follows. What was sent
 * after the answer does not.
 */
export const entitledInCluster: Check = entitledTo('what was sent before the leave');

function entitledTo(afterLeave: 'nothing that comes after the leave' | 'what was sent before the leave'): Check {
  const mayFollow = afterLeave === 'what was sent before the leave';
  return {
    name: 'nobody got what was not theirs',
    watch: (ledger, report) => ({
      on(event) {
        if (event.kind !== 'delivered') return;
        const { connection, stream, seq, message } = event;
        const problem = whyNot(ledger, event, mayFollow);
        if (problem !== undefined) report({ problem, stream, seq, message, connection });
      },
    }),
  };
}

type Delivered = Extract<TimedEvent, { kind: 'delivered' }>;

function whyNot(ledger: Ledger, { connection, stream, seq, message }: Delivered, mayFollow: boolean): string | undefined {
  const { user } = ledger.connection(connection);
  const { world, messages } = ledger;
  const sent = messages.stream(message);
  if (sent !== stream) return `message ${message} was sent to another stream`;
  if (isInbox(world, stream)) return stream === user ? undefined : `${world.users[user]} got a message to ${world.users[stream]}`;
  if (ledger.isSilentFor(user, message)) return `${world.users[user]} got its own message ${message}, sent without echo`;

  const stays = ledger.memberships.stays(user, stream);
  const last = stays.at(-1);
  if (last === undefined) return `${world.users[user]} never joined the room`;
  if (!mayFollow && last.leftConnection === connection && last.leftAt !== undefined)
    return `seq ${seq} came on the connection that was told that the room was left`;
  const sentAt = messages.sentAt(message);
  const fits = stays.some((stay) => seq > stay.seqFloor && (stay.leftAt === undefined || sentAt < stay.leftAt));
  return fits ? undefined : `${world.users[user]} was not a member when seq ${seq} was sent`;
}
