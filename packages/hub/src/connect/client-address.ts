import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** More than this in a chain of proxies is not looked at. */
const hopsMax = 20;

/** Finds out where a request comes from, over proxies that are trusted to say so. */
export class ClientAddresses {
  readonly #trusted = new BlockList();

  /** `trustedProxies`: addresses, or networks as `10.0.0.0/8`. */
  constructor(trustedProxies: readonly string[]) {
    for (const proxy of trustedProxies) {
      const [address = '', bits] = proxy.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      this.#trusted.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
    }
  }

  /** The nearest address that is no trusted proxy: what lies behind it could be made up. */
  of(req: IncomingMessage): string {
    let address = plainAddress(req.socket.remoteAddress ?? '');
    const forwarded = String(req.headers['x-forwarded-for'] ?? '')
      .split(',')
      .slice(-hopsMax)
      .reverse();
    for (const hop of forwarded) {
      const before = plainAddress(hop.trim());
      if (isIP(before) === 0 || !this.#isTrusted(address)) break;
      address = before;
    }
    return address;
  }

  #isTrusted(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** IPv4 addresses that were written as IPv6 are written as what they are. */
function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

/** What one subscriber has: an IPv4 address, or a /64 network of IPv6. */
export function subscriberOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const groups = head.split(':').filter((group) => group !== '');
  if (tail !== undefined) {
    const last = tail.split(':').filter((group) => group !== '');
    while (groups.length + last.length < 8) groups.push('0');
    groups.push(...last);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
