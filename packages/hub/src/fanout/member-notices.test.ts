import { expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import { MemberNotices } from './member-notices.ts';

/** What is told in the room, without the room. */
function setUp() {
  const clock = new ManualClock();
  const told: unknown[] = [];
  const room = { hasReaders: true };
  const toRoom = (_roomId: string, packet: OutgoingPacket, exceptUserId?: string): number => {
    const [name, { room_id, ...payload }] = JSON.parse(packet.text.slice(1));
    told.push([name, payload, ...(exceptUserId === undefined ? [] : [`not to ${exceptUserId}`])]);
    return 0;
  };
  const notices = new MemberNotices({ toRoom, isHeardIn: () => room.hasReaders }, clock);
  return { clock, told, room, notices };
}

test('in a room of up to 100 members each change is told at once', () => {
  const { told, notices } = setUp();
  notices.joined('r', 'ann', 100);
  notices.left('r', 'bob', 99);
  expect(told).toEqual([
    ['user_joined', { user_id: 'ann' }, 'not to ann'],
    ['user_left', { user_id: 'bob' }, 'not to bob'],
  ]);
});

test('in a room of 101 members the changes of a second are one event (each join was told to everybody)', () => {
  const { clock, told, notices } = setUp();
  notices.joined('r', '7', 101);
  notices.joined('r', 'bob', 102);
  notices.left('r', 'cas', 101);
  clock.advance(999);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(told).toEqual([['members_changed', { joined: [7, 'bob'], left: ['cas'], member_count: 101 }]]);
  clock.advance(10_000);
  expect(told).toHaveLength(1);
});

test('what follows while changes are gathered waits for them, so that nobody hears of a leave before the join', () => {
  const { clock, told, notices } = setUp();
  notices.joined('r', 'ann', 101);
  notices.left('r', 'bob', 100);
  notices.left('r', 'cas', 99);
  expect(told).toEqual([]);
  clock.advance(1000);
  expect(told).toEqual([['members_changed', { joined: ['ann'], left: ['bob', 'cas'], member_count: 99 }]]);
  notices.left('r', 'dee', 98);
  expect(told.at(-1)).toEqual(['user_left', { user_id: 'dee' }, 'not to dee']);
});

test('whoever joins and leaves within the second is not told of, the hundredth and later ones neither', () => {
  const { clock, told, notices } = setUp();
  for (let n = 1; n <= 150; n++) notices.joined('r', `u${n}`, 200 + n);
  for (let n = 1; n <= 150; n++) notices.left('r', `u${n}`, 350 - n);
  clock.advance(1000);
  expect(told).toEqual([]);
});

test('at most 100 ids of each kind are told, and the count of all', () => {
  const { clock, told, notices } = setUp();
  for (let n = 1; n <= 101; n++) notices.joined('r', `j${n}`, 500);
  for (let n = 1; n <= 101; n++) notices.left('r', `l${n}`, 499);
  clock.advance(1000);
  const ids = (letter: string) => Array.from({ length: 100 }, (_, index) => `${letter}${index + 1}`);
  expect(told).toEqual([['members_changed', { joined: ids('j'), left: ids('l'), member_count: 499 }]]);
});

test('nothing is kept for a room of which no member is connected here', () => {
  const { clock, told, room, notices } = setUp();
  room.hasReaders = false;
  notices.joined('r', 'ann', 101);
  expect(clock.timerCount).toBe(0);
  room.hasReaders = true;
  notices.joined('r', 'bob', 102);
  room.hasReaders = false;
  notices.left('r', 'cas', 101);
  room.hasReaders = true;
  clock.advance(1000);
  expect(told).toEqual([]);
});

test('nothing is told of a room that is gone, and what is gathered for a new one of its name is told in its time', () => {
  const { clock, told, notices } = setUp();
  notices.joined('r', 'ann', 101);
  notices.forget('r');
  clock.advance(500);
  notices.joined('r', 'bob', 101);
  clock.advance(500);
  expect(told).toEqual([]);
  clock.advance(500);
  expect(told).toEqual([['members_changed', { joined: ['bob'], left: [], member_count: 101 }]]);
});
