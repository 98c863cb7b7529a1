/** How the servers are named that a hub uses, and what is never said about them: their passwords. */
import type { Kind } from './kinds.ts';

/** One file, in the data folder. */
export const sqlite = 'sqlite';
/** The bus that PostgreSQL itself is. */
export const notify = 'notify';

const storeExpected = `"${sqlite}" or the URL of a PostgreSQL database such as postgres://parley@127.0.0.1/parley`;
const busExpected = `"${notify}" or the URL of a Redis or NATS server such as redis://127.0.0.1:6379 or nats://127.0.0.1:4222`;

/** Where messages are kept. */
export const storeUrl: Kind<string> = url(sqlite, ['postgres:', 'postgresql:'], storeExpected, `${sqlite}|URL`);

/** What carries notices between the nodes of a cluster. */
export const busUrl: Kind<string> = url(notify, ['redis:', 'rediss:', 'nats:', 'tls:'], busExpected, `${notify}|URL`);

/** Where others reach this process. An address that stands for all of a machine names none of them. */
export const hostAndPort: Kind<string> = {
  expected: 'the host and port by which the other nodes reach this one, such as 10.0.0.5:7000',
  expectedInCode: 'the host and port by which the other nodes reach this one, such as "10.0.0.5:7000"',
  placeholder: 'host:port',
  parse: (raw) => hostAndPort.check(raw),
  check(value) {
    if (typeof value !== 'string') return undefined;
    const [, host = '', port = ''] = /^([a-z0-9_.-]+|\[[0-9a-f:.]+\]):(\d{1,5})$/i.exec(value) ?? [];
    const isEverywhere = host === '0.0.0.0' || host === '[::]';
    return host === '' || isEverywhere || Number(port) > 65_535 ? undefined : value;
  },
  format: (value) => value,
};

/** `[::1]:7000` → `::1` and 7000. */
export function splitAddress(value: string): { readonly host: string; readonly port: number } {
  const colon = value.lastIndexOf(':');
  return { host: value.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(value.slice(colon + 1)) };
}

/** A text in which URLs have their passwords, and the users before them, replaced. It need not be a valid URL: people misspell them. */
export function withoutPasswords(value: string): string {
  return value.replace(/\b([a-z][a-z0-9+.-]*:\/*)[^/].*@/gis, '$1…@').replace(/([?&]\w*password=)[^&\s"]*/gi, '$1…');
}

export function hasPassword(store: string): boolean {
  return new URL(store).password !== '' || new URL(store).searchParams.has('password');
}

function url(word: string, protocols: readonly string[], expected: string, placeholder: string): Kind<string> {
  const check = (value: unknown): string | undefined => {
    if (value === word) return word;
    if (typeof value !== 'string' || /[\s\0]/.test(value) || !URL.canParse(value)) return undefined;
    const { protocol, hostname } = new URL(value);
    return protocols.includes(protocol) && hostname !== '' ? value : undefined;
  };
  return { expected, expectedInCode: expected, placeholder, parse: check, check, format: withoutPasswords };
}
