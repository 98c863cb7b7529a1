import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { accessProblem } from './access.ts';
import { ClientAddresses } from './client-address.ts';
import type { ConnectOptions } from './options.ts';

function request(headers: Record<string, string>, { local = '127.0.0.1', remote = '127.0.0.1' } = {}): IncomingMessage {
  const socket = Object.defineProperties(new Socket(), { localAddress: { value: local }, remoteAddress: { value: remote } });
  return Object.assign(new IncomingMessage(socket), { headers });
}

const problem = (headers: Record<string, string>, options: Partial<ConnectOptions> = {}, local?: string) =>
  accessProblem(request(headers, local === undefined ? {} : { local }), { corsOrigins: 'local', hosts: [], ...options });

describe('over the loopback address', () => {
  test.each(['localhost', 'localhost:5000', 'app.localhost:5000', '127.0.0.1:5000', '127.3.2.1', '[::1]:5000'])(
    '%s is answered',
    (host) => {
      expect(problem({ host })).toBeUndefined();
    },
  );

  test.each(['evil.example', 'evil.example:5000', 'localhost.evil.example', '127.0.0.1.evil.example', '192.168.1.5:5000', '[::2]', ''])(
    'a page of "%s" is not, though its name points here (DNS rebinding)',
    (host) => {
      expect(problem({ host })).toContain('"hosts"');
      expect(problem({ host, origin: `http://${host}` })).toContain('"hosts"');
      expect(problem({ host }, {}, '::ffff:127.0.0.1')).toContain('"hosts"');
    },
  );

  test('a listed name is answered', () => {
    expect(problem({ host: 'Hub.example.com:443' }, { hosts: ['hub.example.com'] })).toBeUndefined();
  });
});

test('over another address every name is answered', () => {
  expect(problem({ host: 'hub.example.com' }, {}, '192.0.2.1')).toBeUndefined();
});

describe('a page', () => {
  const host = 'hub.example:5000';
  const ask = (origin: string, corsOrigins: ConnectOptions['corsOrigins']) => problem({ host, origin }, { corsOrigins }, '192.0.2.1');

  test.each(['http://hub.example:5000', 'https://hub.example:5000', 'http://localhost:3000', 'http://127.0.0.1', 'https://[::1]:8443'])(
    'of %s may connect by default',
    (origin) => {
      expect(ask(origin, 'local')).toBeUndefined();
    },
  );

  test.each([
    'https://evil.example',
    'http://localhost.evil.example',
    'null',
    'file://',
    'http://hub.example',
    'http://evil.example:5000',
    '',
  ])('of "%s" may not, unless all may', (origin) => {
    expect(ask(origin, 'local')).toContain('"cors.origins"');
    expect(ask(origin, '*')).toBeUndefined();
  });

  test('of this machine may not if only the own origin may', () => {
    expect(ask('http://localhost:3000', false)).toContain('"cors.origins"');
    expect(ask('http://hub.example:5000', false)).toBeUndefined();
  });
});

test.each([
  ['who is not trusted', [], '198.51.100.1, 192.0.2.9', '203.0.113.1', '203.0.113.1'],
  ['one proxy', ['203.0.113.1'], '198.51.100.1, 192.0.2.9', '203.0.113.1', '192.0.2.9'],
  ['two proxies', ['203.0.113.0/24', '192.0.2.9'], '198.51.100.1, 192.0.2.9', '203.0.113.1', '198.51.100.1'],
  ['a proxy that says nothing', ['203.0.113.1'], '', '203.0.113.1', '203.0.113.1'],
  ['a proxy behind IPv6', ['203.0.113.1'], '2001:db8::7', '::ffff:203.0.113.1', '2001:db8::7'],
  ['something made up', ['203.0.113.1'], 'unknown', '203.0.113.1', '203.0.113.1'],
])('the address behind %s', (_name, trusted, forwarded, remote, expected) => {
  expect(new ClientAddresses(trusted).of(request({ 'x-forwarded-for': forwarded }, { remote }))).toBe(expected);
});
