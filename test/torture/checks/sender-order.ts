import type { Check } from './check.ts';

/**
 * What one sender sends to one stream keeps its order: a message sent after an acknowledgement comes after the acknowledged one,
 * and messages sent on one connection, without waiting, are stored in the order in which they were sent.
 */
export const senderOrder: Check = {
  name: 'sender order',
  watch(ledger, report) {
    /** Of each connection, by stream: the latest message that was acknowledged there. */
    const latest = new Map<number, Map<number, number>>();
    return {
      on(event) {
        if (event.kind === 'closed') latest.delete(event.connection);
        if (event.kind !== 'ok' && event.kind !== 'delivered') return;
        const { messages } = ledger;
        const { message, seq, connection } = event;
        const stream = messages.stream(message);
        const floor = messages.seqFloor(message);
        if (seq <= floor) {
          report({
            problem: `message ${message} got seq ${seq}, though seq ${floor} had been acknowledged before it was sent`,
            stream,
            seq,
            message,
          });
        }
        if (event.kind === 'delivered' || messages.attempts(message) > 1) return;
        const streams = latest.get(connection) ?? new Map<number, number>();
        latest.set(connection, streams);
        const before = streams.get(stream);
        streams.set(stream, message);
        if (before === undefined || message > before === seq > messages.seq(before)) return;
        report({ problem: `messages ${before} and ${message} were stored in another order than they were sent`, stream, seq, message });
      },
    };
  },
};
