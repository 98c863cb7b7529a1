import { describe, expect, test } from 'vitest';
import { BusAddressError, databaseSecrets, parseBusAddress, withoutSecrets } from './address.ts';

function problemOf(text: string): string {
  try {
    parseBusAddress(text);
    return '';
  } catch (error) {
    return error instanceof BusAddressError ? error.message : expect.fail(`another error: ${error}`);
  }
}

describe('the address of a bus', () => {
  const none = { user: '', password: '' };
  test.for([
    ['redis://127.0.0.1', 'redis', { ...none, isTls: false, servers: [{ host: '127.0.0.1', port: 6379 }] }],
    ['redis://localhost:7000/0', 'redis', { ...none, isTls: false, servers: [{ host: 'localhost', port: 7000 }] }],
    ['rediss://[::1]:1', 'redis', { ...none, isTls: true, servers: [{ host: '::1', port: 1 }] }],
    ['redis://:p%40s,s@r', 'redis', { user: '', password: 'p@s,s', isTls: false, servers: [{ host: 'r', port: 6379 }] }],
    ['redis://me:secret@r', 'redis', { user: 'me', password: 'secret', isTls: false, servers: [{ host: 'r', port: 6379 }] }],
    ['nats://n', 'nats', { ...none, isTls: false, servers: [{ host: 'n', port: 4222 }] }],
    ['tls://token@n', 'nats', { user: 'token', password: '', isTls: true, servers: [{ host: 'n', port: 4222 }] }],
  ] as const)('%s', ([text, kind, server]) => {
    expect(parseBusAddress(text)).toMatchObject({ kind, server });
  });

  test.for(['nats://me:secret@a:1,b,[::1]:3', 'nats://me:secret@a:1,nats://b,nats://[::1]:3'])('of several servers: %s', (text) => {
    expect(parseBusAddress(text)).toMatchObject({
      server: {
        user: 'me',
        password: 'secret',
        servers: [
          { host: 'a', port: 1 },
          { host: 'b', port: 4222 },
          { host: '::1', port: 3 },
        ],
      },
    });
  });

  test.for(['postgres://u@h/d', 'postgresql://u@h/d?sslmode=require'])('of a database is left to its driver: %s', (url) => {
    expect(parseBusAddress(url)).toEqual({ kind: 'notify', url });
  });

  test.for(['', 'redis', '127.0.0.1:6379', 'http://secret@127.0.0.1', 'amqp://u:secret@h'])('that is none is refused: %j', (text) => {
    expect(problemOf(text)).toMatch(/^The address of the bus is none .* such as redis:\/\/127\.0\.0\.1:6379, .*\.$/);
  });

  test.for([
    'redis://',
    'redis://u:secret@h/name',
    'redis://:secret@h?db=1',
    'redis://:secret@a,b',
    'redis://secret@h',
    'nats://u:secret@a,',
    'nats://h#x',
  ])('with more or less than it may have is refused: %s', (text) => {
    expect(problemOf(text)).toMatch(/^The address of the bus may have .*, as in \w+:\/\/user:password@127\.0\.0\.1:\d+.*\.$/);
    expect(problemOf(text)).not.toContain('secret');
  });

  test('with a percent sign that is none is refused', () => {
    expect(problemOf('redis://:100%@h')).toMatch(/"%" .* is written %25/);
  });
});

describe('what a driver says', () => {
  test.for([
    ['redis://:hunter2@h', 'WRONGPASS hunter2', 'WRONGPASS ***'],
    ['redis://:a%20b%20c@h', 'tried a b c, a%20b%20c', 'tried ***, ***'],
    ['nats://mytoken@h', 'mytoken is none', '*** is none'],
    ['redis://me:hunter2@h', 'me may not', 'me may not'],
  ] as const)('is told without the password of %s', ([text, said, told]) => {
    const address = parseBusAddress(text);
    expect('secrets' in address && withoutSecrets(said, address.secrets)).toBe(told);
  });

  test('is told without the password of a database, wherever its address has it', () => {
    expect(withoutSecrets('no p@ss!', databaseSecrets('postgres://u@h/d?password=p%40ss!'))).toBe('no ***');
    expect(withoutSecrets('no p%40ss!', databaseSecrets('postgres://u:p%40ss!@h/d'))).toBe('no ***');
  });
});
