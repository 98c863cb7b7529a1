import type { BusHandlers, OpenBus } from '../ports/bus.ts';
import { parseBusAddress, type ServerAddress, withoutSecrets } from './address.ts';
import type { Dial, Pace } from './line.ts';
import { openLineBus } from './line-bus.ts';
import { type BusOptions, type BusSettings, settingsOf } from './settings.ts';

interface Driver {
  readonly dial: Dial;
  readonly pace: Pace;
}

/**
 * The bus at an address: `redis://`, `rediss://`, `nats://`, `tls://` (NATS with TLS) or `postgres://` (NOTIFY). Rejects with
 * `BusAddressError`, one sentence for the operator. Only the driver that is needed is loaded.
 */
export function openBus(url: string, options: BusOptions): OpenBus {
  return async (handlers) => {
    const address = parseBusAddress(url);
    if (address.kind === 'notify') return openNotifyBus(async () => address.url, options)(handlers);
    const settings = settingsOf(options);
    const { dial, pace } = await driverOf(address.kind, address.server, settings);
    return openLineBus({ dial, pace, settings, handlers: discreet(handlers, address.secrets) });
  };
}

/** The bus that a PostgreSQL database is. The text, which `pg` reads, is asked for at each connection; its password is never told. */
export function openNotifyBus(connectionString: () => Promise<string>, options: BusOptions): OpenBus {
  return async (handlers) => {
    const { dialNotify, notifyPace } = await import('./notify.ts');
    const settings = settingsOf(options);
    return openLineBus({ dial: dialNotify(connectionString, settings), pace: notifyPace, settings, handlers });
  };
}

async function driverOf(kind: 'redis' | 'nats', server: ServerAddress, settings: BusSettings): Promise<Driver> {
  if (kind === 'redis') {
    const { dialRedis, redisPace } = await import('./redis.ts');
    return { dial: dialRedis(server, settings), pace: redisPace };
  }
  const { dialNats, natsPace } = await import('./nats.ts');
  return { dial: dialNats(server, settings), pace: natsPace };
}

function discreet(handlers: BusHandlers, secrets: readonly string[]): BusHandlers {
  return {
    onFrame: (frame) => handlers.onFrame(frame),
    onState(state, reason) {
      handlers.onState(state, reason === undefined ? undefined : withoutSecrets(reason, secrets));
    },
  };
}
