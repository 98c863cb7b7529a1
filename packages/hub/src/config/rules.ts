/** What options must be together. Each message names all options that are concerned. */
import { BlockList, isIP } from 'node:net';
import { type Config, options } from './options.ts';

export function ruleProblems(config: Config): string[] {
  const problems: string[] = [];
  if (config.auth === 'open' && !config.allowOpenNetwork && !isLoopback(config.host)) {
    problems.push(
      `With auth "open" anybody who reaches the hub can be any user, so host "${config.host}" is refused: ` +
        'use a loopback address such as 127.0.0.1, or say --allow-open-network.',
    );
  }
  if (config.outboxLowWaterBytes >= config.outboxHighWaterBytes)
    problems.push(mustBeBelow(config, 'outboxLowWaterBytes', 'outboxHighWaterBytes'));
  if (config.contentBytesMax >= config.packetBytesMax) problems.push(mustBeBelow(config, 'contentBytesMax', 'packetBytesMax'));
  return problems;
}

function mustBeBelow(config: Config, low: SizeKey, high: SizeKey): string {
  const show = (key: SizeKey) => `${options[key].name} (${options[key].kind.format(config[key])})`;
  return `${show(low)} must be below ${show(high)}.`;
}

type SizeKey = 'outboxLowWaterBytes' | 'outboxHighWaterBytes' | 'contentBytesMax' | 'packetBytesMax';

function isLoopback(host: string): boolean {
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  if (isIP(host) === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}
