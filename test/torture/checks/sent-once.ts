import type { Check } from './check.ts';

/**
 * One send is one message: it has one `seq`, in every acknowledgement and every delivery, however often it was repeated with its
 * `client_msg_id`. A repetition is called `duplicate` if and only if an earlier attempt was stored.
 */
export const sentOnce: Check = {
  name: 'sent once',
  watch: (ledger, report) => ({
    on(event) {
      if (event.kind !== 'ok' && event.kind !== 'delivered') return;
      const { messages } = ledger;
      const { message, seq } = event;
      const stream = messages.stream(message);
      const known = messages.seq(message);
      if (known !== 0 && known !== seq) report({ problem: `message ${message} has seq ${known} and seq ${seq}`, stream, message });
      if (event.kind === 'delivered') return;
      if (!event.duplicate && messages.isAcknowledged(message)) {
        report({ problem: `message ${message} was acknowledged twice as new`, stream, message });
      } else if (event.duplicate && messages.attempts(message) === 1) {
        report({ problem: `message ${message} was sent once and called a duplicate`, stream, message });
      }
    },
  }),
};
