import { startMeter } from '../lib/server-process.ts';
import { pause } from '../lib/waiting.ts';
import { clientFrame } from '../load/client-frame.ts';
import { Crowd, type Member, makeRooms } from '../load/crowd.ts';
import { counting } from '../load/dialects.ts';
import type { Scenario } from './scenario.ts';

/** One room in which everybody talks: as many messages are under way as it has members. */
class TalkingRoom {
  readonly #frame: Buffer;
  #members: readonly Member[] = [];
  readonly #sentBy = new Map<Member, number>();
  #delivered = 0;
  #sent = 0;
  #isTalking = true;

  constructor(frame: Buffer) {
    this.#frame = frame;
  }

  begin(members: readonly Member[]): void {
    this.#members = members;
    for (const member of members) this.#send(member);
  }

  onDelivery(): void {
    this.#delivered += 1;
    // So many deliveries are one message gone to all others: the next member in turn speaks.
    if (this.#isTalking && this.#delivered % (this.#members.length - 1) === 0) this.#send(this.#members[this.#sent % this.#members.length]);
  }

  end(): void {
    this.#isTalking = false;
  }

  /** Each member has what the others sent. Counted for each by itself, so that what one gets twice does not hide what another one lacks. */
  get isQuiet(): boolean {
    return this.#members.every((member) => member.delivered >= this.#owedTo(member));
  }

  get hasDuplicates(): boolean {
    return this.#members.some((member) => member.delivered > this.#owedTo(member));
  }

  get delivered(): number {
    return this.#delivered;
  }

  #owedTo(member: Member): number {
    return this.#sent - (this.#sentBy.get(member) ?? 0);
  }

  #send(member: Member | undefined): void {
    if (member === undefined) return;
    this.#sent += 1;
    this.#sentBy.set(member, (this.#sentBy.get(member) ?? 0) + 1);
    member.send(this.#frame);
  }
}

const quietTimeoutMs = 60_000;

export const manyRooms: Scenario = {
  id: 'c',
  title: '200 rooms of 50, everybody talks',
  method:
    '10,000 connections in 200 rooms. Each room has 50 messages under way, one of each member on average: when one has reached the other 49, the next ' +
    'member sends. Deliveries are counted after a third of the time has passed.',
  systems: ['parley', 'socket.io', 'ws prepared', 'bun publish'],
  figures: {
    perSecond: { label: 'deliveries/s' },
    cpuUs: { label: 'CPU a delivery, µs' },
    serverCore: { label: 'server CPU, cores' },
    clientCore: { label: 'client CPU, cores' },
  },
  async run({ system, scale, start }) {
    if (system.dialect === undefined) throw new Error(`${system.name} has no rooms`);
    const [roomCount, roomSize] = scale.isQuick ? [4, 10] : [200, 50];
    const { address, ...server } = await start();
    const dialect = counting(system.dialect, 'room');
    const rooms = Array.from({ length: roomCount }, (_, index) => new TalkingRoom(clientFrame(dialect.roomMessage(index + 1))));
    const crowd = new Crowd(address, dialect, { onDelivery: ({ role }) => rooms[(role.room ?? 0) - 1]?.onDelivery() });
    try {
      const roles = Array.from({ length: roomCount * roomSize }, (_, index) => ({ user: index + 1, room: (index % roomCount) + 1 }));
      await makeRooms(address, dialect, roles);
      const members = await crowd.enter(roles);
      rooms.forEach((room, index) => {
        room.begin(members.filter(({ role }) => role.room === index + 1));
      });
      const total = () => rooms.reduce((sum, { delivered }) => sum + delivered, 0);
      const seconds = scale.seconds * 2;
      await crowd.guard(pause((seconds / 3) * 1000), quietTimeoutMs, '');
      const endMeter = startMeter({ address, ...server });
      const before = total();
      await crowd.guard(pause(seconds * 1000), quietTimeoutMs, '');
      const deliveries = total() - before;
      const cost = endMeter();
      for (const room of rooms) room.end();
      await crowd.guard(untilQuiet(rooms), quietTimeoutMs * 2, 'deliveries are missing');
      return {
        perSecond: deliveries / cost.seconds,
        cpuUs: (cost.userUs + cost.systemUs) / Math.max(1, deliveries),
        serverCore: cost.serverCore,
        clientCore: cost.clientCore,
      };
    } finally {
      crowd.leaveAll();
    }
  },
};

async function untilQuiet(rooms: readonly TalkingRoom[]): Promise<void> {
  const deadline = performance.now() + quietTimeoutMs;
  while (!rooms.every(({ isQuiet }) => isQuiet) && performance.now() < deadline) await pause(20);
  const short = rooms.filter(({ isQuiet }) => !isQuiet).length;
  if (short > 0) throw new Error(`deliveries are missing in ${short} rooms`);
  const doubled = rooms.filter(({ hasDuplicates }) => hasDuplicates).length;
  if (doubled > 0) throw new Error(`messages came twice in ${doubled} rooms`);
}
