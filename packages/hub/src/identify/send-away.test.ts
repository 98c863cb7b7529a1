import { type ClosingReason, closingTable } from '@parley/protocol';
import { expect, test } from 'vitest';
import { OutgoingPacket, type OutgoingPackets } from '../lib/outgoing-packet.ts';
import { TestConnection } from '../ports/connection.test-support.ts';
import { sendAway } from './send-away.ts';

const reasons = Object.entries(closingTable) as [ClosingReason, { readonly reconnect: boolean }][];

test.for(reasons)(
  'a client that is sent away for %s learns whether to come back, and a stock client does so',
  ([reason, { reconnect }]) => {
    const happened: unknown[] = [];
    const connection = Object.assign(new TestConnection('c1'), {
      send: (outgoing: OutgoingPackets) => happened.push('text' in outgoing ? JSON.parse(outgoing.text) : ''),
      close: (how: string) => happened.push(how),
    });
    sendAway((_event, payload) => new OutgoingPacket(JSON.stringify(payload)), connection, reason);
    // Only after a DISCONNECT packet, which is what the second one sends, a stock client stays away.
    expect(happened).toEqual([{ reason, reconnect }, reconnect ? 'forced close' : 'server namespace disconnect']);
  },
);

test('only what is final keeps clients away', () => {
  expect(reasons.filter(([, { reconnect }]) => !reconnect).map(([reason]) => reason)).toEqual(['disconnected_by_server']);
});
