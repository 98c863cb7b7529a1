/** One sender and many receivers in one room, as the clients of a system see it. */
import { clientFrame } from './client-frame.ts';
import { Crowd, makeRooms } from './crowd.ts';
import { counting, type Dialect } from './dialects.ts';
import type { Address } from './raw-socket.ts';

export interface Audience {
  /** Messages from the sender to all, written together. */
  send(messages: number): void;
  /** What each receiver has got so far. */
  delivered(): readonly number[];
  /** Rejects if the system fails while `work` runs, or if it takes longer. */
  guard<T>(work: Promise<T>, timeoutMs: number, complaint: string): Promise<T>;
  leave(): void;
}

/** Resolves when all are there. `onDelivery` is called for each message at each receiver. */
export type OpenAudience = (address: Address, receivers: number, onDelivery: () => void) => Promise<Audience>;

const room = 1;

/** Over WebSockets of the load generator. */
export function rawAudience(dialect: Dialect): OpenAudience {
  return async (address, count, onDelivery) => {
    const roles = Array.from({ length: count + 1 }, (_, index) => ({ user: index + 1, room }));
    await makeRooms(address, dialect, roles);
    const crowd = new Crowd(address, counting(dialect, 'room'), { onDelivery });
    const [sender, ...receivers] = await crowd.enter(roles);
    const frame = clientFrame(dialect.roomMessage(room));
    let burst = frame;
    return {
      send(messages) {
        if (burst.length !== frame.length * messages) burst = Buffer.concat(Array.from({ length: messages }, () => frame));
        sender?.send(burst);
      },
      delivered: () => receivers.map(({ delivered }) => delivered),
      guard: (work, timeoutMs, complaint) => crowd.guard(work, timeoutMs, complaint),
      leave: () => crowd.leaveAll(),
    };
  };
}
