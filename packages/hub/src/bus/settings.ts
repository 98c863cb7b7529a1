import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Random, SystemRandom } from '../lib/random.ts';

export interface BusOptions {
  /** Nodes with the same id hear each other; others on the same server do not. */
  readonly clusterId: string;
  /** Shown where the server lists its connections. */
  readonly connectionName?: string | undefined;
  /** Certificates that are trusted instead of the system's, as PEM. For Redis and NATS; PostgreSQL has `sslrootcert` in its address. */
  readonly ca?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Who sent and heard nothing of itself for so long connects anew. */
  readonly deafAfterMs?: number | undefined;
  readonly connectTimeoutMs?: number | undefined;
  /** The first pause before connecting anew, and the longest. */
  readonly retryMinMs?: number | undefined;
  readonly retryMaxMs?: number | undefined;
  /** What the server has not taken yet may be so much; more is dropped. */
  readonly waitingBytesMax?: number | undefined;
  readonly closeTimeoutMs?: number | undefined;
}

export type BusSettings = { readonly [K in keyof BusOptions]-?: NonNullable<BusOptions[K]> };

export function settingsOf(options: BusOptions): BusSettings {
  return {
    clusterId: options.clusterId,
    connectionName: options.connectionName ?? 'parley bus',
    ca: options.ca ?? '',
    clock: options.clock ?? systemClock,
    random: options.random ?? new SystemRandom(),
    deafAfterMs: options.deafAfterMs ?? 3_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    retryMinMs: options.retryMinMs ?? 100,
    retryMaxMs: options.retryMaxMs ?? 3_000,
    waitingBytesMax: options.waitingBytesMax ?? 16 * 1024 * 1024,
    closeTimeoutMs: options.closeTimeoutMs ?? 1_000,
  };
}

/** The one channel or subject of a cluster: a name that PostgreSQL, Redis and NATS all take. */
export function channelOf(clusterId: string): string {
  if (/^[A-Za-z0-9_-]{1,40}$/.test(clusterId)) return `parley_${clusterId}`;
  return `parley_${createHash('sha256').update(clusterId).digest('hex').slice(0, 40)}`;
}
