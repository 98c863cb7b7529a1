import type { Socket } from 'socket.io-client';

/** The arguments of the next event of this name. */
export const once = (socket: Socket, event: string): Promise<unknown[]> =>
  new Promise((resolve) => {
    socket.once(event, (...args: unknown[]) => resolve(args));
  });

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Resolves with the first so many payloads of an event. */
export function collect(socket: Socket, event: string, count: number): Promise<unknown[]> {
  const received: unknown[] = [];
  return new Promise((resolve) => {
    socket.on(event, (value) => {
      if (received.push(value) === count) resolve(received);
    });
  });
}
