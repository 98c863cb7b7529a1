import { expect, test } from 'vitest';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import { HeldPresence } from './held-presence.ts';

const packetOf = (text: string) => new OutgoingPacket(text);
const textsOf = (held: HeldPresence): string[] => [...held.packets()].map(({ text }) => text);

test('holds the latest presence of each user, in the order in which they came', () => {
  const held = new HeldPresence(100);
  held.hold('bob', packetOf('bob is away'));
  held.hold('eve', packetOf('eve is away'));
  held.hold('bob', packetOf('bob is online'));
  expect(textsOf(held)).toEqual(['eve is away', 'bob is online']);
});

test('held presence is bounded in bytes, and says that something is missing', () => {
  const held = new HeldPresence(20);
  held.hold('bob', packetOf('0123456789'));
  held.hold('bob', packetOf('0123456789'));
  held.hold('eve', packetOf('0123456789'));
  expect(held.isIncomplete).toBe(false);
  held.forget('eve');
  held.hold('joe', packetOf('0123456789'));
  expect(held.isIncomplete).toBe(false);
  held.hold('eve', packetOf('1'));
  expect(held.isIncomplete).toBe(true);
  held.hold('bob', packetOf('bob is away'));
  expect(textsOf(held)).toEqual([]);
});
