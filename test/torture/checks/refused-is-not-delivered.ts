import type { Check } from './check.ts';

/** Refusals that a client may get here without having done anything wrong. */
const expectedCodes: ReadonlySet<string> = new Set(['queue_full', 'not_member', 'shutting_down', 'overloaded', 'not_registered']);

/** A message of which every attempt was refused is in nobody's stream; and nothing is refused for a reason that makes no sense. */
export const refusedIsNotDelivered: Check = {
  name: 'refused is not delivered',
  watch: (ledger, report) => ({
    on(event) {
      const { messages } = ledger;
      if (event.kind === 'delivered' && messages.isRefused(event.message)) {
        const { stream, seq, message, connection } = event;
        report({ problem: `message ${message} was refused, and delivered`, stream, seq, message, connection });
      } else if (event.kind === 'refused') {
        const { message, code } = event;
        const stream = messages.stream(message);
        if (!expectedCodes.has(code)) report({ problem: `message ${message} was refused with ${code}`, stream, message });
        const isLast = messages.refusedAttempts(message) + 1 === messages.attempts(message);
        if (isLast && messages.seq(message) !== 0) {
          report({ problem: `message ${message} was delivered, and refused`, stream, message });
        }
      }
    },
  }),
};
