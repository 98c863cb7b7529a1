/** The bus inside one process, for its threads and for tests. Always up. */
import { BroadcastChannel } from 'node:worker_threads';
import type { BusHandlers, OpenBus } from '../ports/bus.ts';
import { type BusOptions, channelOf, settingsOf } from './settings.ts';

const frameBytesMax = 512 * 1024;

export function openLocalBus(options: BusOptions): OpenBus {
  return async (handlers) => {
    const bus = createLocalBus(options, handlers);
    handlers.onState('up');
    return bus;
  };
}

function createLocalBus(options: BusOptions, handlers: BusHandlers) {
  const { clusterId, clock } = settingsOf(options);
  const channel = new BroadcastChannel(channelOf(clusterId));
  let dropped = 0;
  let isClosed = false;
  channel.onmessage = (event: { readonly data: unknown }) => {
    if (!isClosed) handlers.onFrame(String(event.data));
  };
  return {
    frameBytesMax,
    get dropped() {
      return dropped;
    },
    publish(frame: string): void {
      if (isClosed || Buffer.byteLength(frame) > frameBytesMax || frame.includes('\0')) {
        dropped += 1;
        return;
      }
      channel.postMessage(frame);
      // A channel does not hear itself.
      clock.endOfTurn(() => {
        if (!isClosed) handlers.onFrame(frame);
      });
    },
    async close(): Promise<void> {
      if (isClosed) return;
      isClosed = true;
      channel.close();
    },
  };
}
