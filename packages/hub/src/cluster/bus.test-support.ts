import type { Clock } from '../lib/clock.ts';
import type { Bus, BusHandlers, OpenBus } from '../ports/bus.ts';

/** What happens to frames. Chances are from 0 to 1. */
export interface Weather {
  readonly lost: number;
  readonly doubled: number;
  readonly delayMsMax: number;
}

export const fairWeather: Weather = { lost: 0, doubled: 0, delayMsMax: 0 };

interface Listener {
  readonly handlers: BusHandlers;
  readonly clock: Clock;
}

/** A bus in memory whose weather is decided by `fraction`. Each node hears a frame on its own way, and on its own clock. */
export class FakeBus {
  weather: Weather = fairWeather;
  frameBytesMax = 7_900;
  /** All that was published. */
  readonly frames: string[] = [];
  readonly #fraction: () => number;
  readonly #listeners = new Set<Listener>();
  #isDown = false;
  /** It says that it is up, and carries nothing. */
  isDeaf = false;

  constructor(fraction: () => number) {
    this.#fraction = fraction;
  }

  opener(clock: Clock): OpenBus {
    return async (handlers) => {
      const listener = { handlers, clock };
      this.#listeners.add(listener);
      handlers.onState(this.#isDown ? 'down' : 'up');
      return this.#busOf(listener);
    };
  }

  setDown(isDown: boolean): void {
    this.#isDown = isDown;
    for (const { handlers } of this.#listeners) handlers.onState(isDown ? 'down' : 'up');
  }

  /** Gives a frame to every node, as somebody does who reaches the bus. */
  publish(frame: string): void {
    this.frames.push(frame);
    if (this.#isDown || this.isDeaf) return;
    for (const listener of this.#listeners) this.#carry(frame, listener);
  }

  #carry(frame: string, { handlers, clock }: Listener): void {
    const { lost, doubled, delayMsMax } = this.weather;
    if (this.#fraction() < lost) return;
    const times = this.#fraction() < doubled ? 2 : 1;
    for (let time = 0; time < times; time++) clock.after(this.#fraction() * delayMsMax, () => handlers.onFrame(frame));
  }

  #busOf(listener: Listener): Bus {
    return {
      frameBytesMax: this.frameBytesMax,
      dropped: 0,
      publish: (frame) => {
        if (Buffer.byteLength(frame) > this.frameBytesMax) throw new Error('The frame is too large.');
        this.publish(frame);
      },
      close: async () => {
        this.#listeners.delete(listener);
      },
    };
  }
}
