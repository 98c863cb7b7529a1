import type { Check } from './check.ts';

/** A place of a stream belongs to one message with one id, wherever it appears: no `seq` is used twice. */
export const oneMessagePerSeq: Check = {
  name: 'one message per seq',
  watch: (ledger, report) => ({
    on(event) {
      if (event.kind !== 'ok' && event.kind !== 'delivered') return;
      const { message, seq, id } = event;
      const stream = event.kind === 'ok' ? ledger.messages.stream(message) : event.stream;
      const known = ledger.stream(stream).messageAt(seq);
      if (known === undefined) return;
      const knownId = ledger.stream(stream).idAt(seq);
      if (known !== message) report({ problem: `seq ${seq} holds message ${known} and message ${message}`, stream, seq, message });
      else if (knownId !== id) report({ problem: `seq ${seq} came with id ${knownId} and with id ${id}`, stream, seq, message });
    },
  }),
};
