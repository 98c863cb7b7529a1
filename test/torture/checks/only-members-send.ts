import { isInbox } from '../history/world.ts';
import type { Check } from './check.ts';

/** A message to a room is only taken from somebody who may have been a member when it was sent. */
export const onlyMembersSend: Check = {
  name: 'only members send',
  watch: (ledger, report) => ({
    on(event) {
      if (event.kind !== 'ok') return;
      const { messages, world, memberships } = ledger;
      const { message, seq } = event;
      const stream = messages.stream(message);
      if (isInbox(world, stream)) return;
      const user = messages.sender(message);
      const sentAt = messages.sentAt(message);
      const wasMember = memberships.stays(user, stream).some((stay) => stay.leftAt === undefined || sentAt < stay.leftAt);
      if (!wasMember)
        report({ problem: `${world.users[user]} was no member, and its message ${message} was taken`, stream, seq, message, user });
    },
  }),
};
