/**
 * What options must be together. Each rule names all options that are concerned, and is asked only if each of them
 * has a value of its kind: what is said about a pair would otherwise hide what is wrong with one.
 */
import { BlockList, isIP } from 'node:net';
import { type Config, defaults, noFile, type OptionKey, options, timerMaxMs } from './options.ts';
import { hasPassword, notify, sqlite } from './servers.ts';

interface Rule {
  readonly about: readonly OptionKey[];
  /** One sentence that says what to do; undefined if all is well. */
  problem(config: Config, show: Show): string | undefined;
}

/** Names an option with its value, in the words of whoever gave it. */
export type Show = (key: OptionKey) => string;

const nameDatabase = 'name that database as store, such as postgres://parley@127.0.0.1/parley';

const rules: readonly Rule[] = [
  {
    about: ['auth', 'allowOpenNetwork', 'host'],
    problem({ auth, allowOpenNetwork, host }) {
      if (auth !== 'open' || allowOpenNetwork || isLoopback(host)) return undefined;
      return (
        `With auth "open" anybody who reaches the hub can be any user, so host "${host}" is refused: ` +
        'use a loopback address such as 127.0.0.1, or say --allow-open-network.'
      );
    },
  },
  below('outboxLowWaterBytes', 'outboxHighWaterBytes'),
  atMost('outboxFloorBytes', 'outboxHighWaterBytes'),
  // An event is more than its content.
  below('contentBytesMax', 'packetBytesMax'),
  // A message that fits the limit could otherwise never be written to anybody.
  {
    about: ['outboxTotalBytesMax', 'outboxHighWaterBytes', 'packetBytesMax'],
    problem(config, show) {
      const neededBytes = config.outboxHighWaterBytes + config.packetBytesMax;
      if (config.outboxTotalBytesMax >= neededBytes) return undefined;
      return (
        `${show('outboxTotalBytesMax')} must be at least ${show('outboxHighWaterBytes')} plus ` +
        `${show('packetBytesMax')}: one connection must be able to take its share and one packet of full size.`
      );
    },
  },
  atMost('connectionsPerUserMax', 'connectionsMax'),
  // A client waits for both together with one timer, which a longer time ends at once: it would reconnect for ever.
  {
    about: ['pingIntervalMs', 'pingTimeoutMs'],
    problem(config, show) {
      if (config.pingIntervalMs + config.pingTimeoutMs <= timerMaxMs) return undefined;
      return (
        `${show('pingIntervalMs')} and ${show('pingTimeoutMs')} must be at most ` +
        `${options.pingIntervalMs.kind.format(timerMaxMs)} together: clients can't wait longer.`
      );
    },
  },
  outlastsSilence('retentionDeliveredMs'),
  outlastsSilence('retentionUndeliveredMs'),
  {
    about: ['store', 'bus'],
    problem({ store, bus }) {
      if (store !== sqlite || bus === notify) return undefined;
      return `A bus connects nodes that share a PostgreSQL database, and this hub has a file of its own: ${nameDatabase}, or leave bus out.`;
    },
  },
  {
    about: ['store', 'clusterAddress'],
    problem({ store, clusterAddress }, show) {
      if (store !== sqlite || clusterAddress === defaults.clusterAddress) return undefined;
      return `${show('clusterAddress')} is for the other nodes of a cluster, which share a PostgreSQL database: ${nameDatabase}, or leave it out.`;
    },
  },
  {
    about: ['store', 'data'],
    problem({ store, data }, show) {
      if (store === sqlite || data === defaults.data) return undefined;
      return `${show('data')} is the folder of a hub with a file of its own, and store names a PostgreSQL database: leave one of them out.`;
    },
  },
  {
    about: ['store', 'storePasswordFile'],
    problem({ store, storePasswordFile }) {
      if (storePasswordFile === noFile) return undefined;
      if (store === sqlite) return `store.password_file is for a PostgreSQL database: ${nameDatabase}, or leave it out.`;
      return hasPassword(store)
        ? 'The URL of store has a password, and store.password_file names another: leave one of them out.'
        : undefined;
    },
  },
];

/** `wrong`: options whose value was refused already. */
export function ruleProblems(config: Config, show: Show, wrong: ReadonlySet<string>): string[] {
  return rules
    .filter(({ about }) => !about.some((key) => wrong.has(key)))
    .map((rule) => rule.problem(config, show))
    .filter((problem) => problem !== undefined);
}

type NumberKey = { [K in OptionKey]: Config[K] extends number ? K : never }[OptionKey];

function below(low: NumberKey, high: NumberKey): Rule {
  return {
    about: [low, high],
    problem: (config, show) => (config[low] < config[high] ? undefined : `${show(low)} must be below ${show(high)}.`),
  };
}

function atMost(low: NumberKey, high: NumberKey): Rule {
  return {
    about: [low, high],
    problem: (config, show) => (config[low] <= config[high] ? undefined : `${show(low)} must be at most ${show(high)}.`),
  };
}

/** A connection that died is noticed after so long. What was written to it must not be removed before it can come again. */
function outlastsSilence(retention: 'retentionDeliveredMs' | 'retentionUndeliveredMs'): Rule {
  return {
    about: [retention, 'pingIntervalMs', 'pingTimeoutMs'],
    problem(config, show) {
      if (config[retention] >= config.pingIntervalMs + config.pingTimeoutMs) return undefined;
      return (
        `${show(retention)} must be at least ${show('pingIntervalMs')} plus ${show('pingTimeoutMs')}: ` +
        'what was written to a connection that died would be removed before anybody noticed.'
      );
    },
  };
}

function isLoopback(host: string): boolean {
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  if (isIP(host) === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}
