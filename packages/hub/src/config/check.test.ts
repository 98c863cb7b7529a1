import { describe, expect, test } from 'vitest';
import { checkHubOptions, OptionsError } from './check.ts';
import { type Config, defaults, hubSettings, type Option, options, programKeys, timerMaxMs } from './options.ts';

function problemsOf(given: unknown): readonly string[] {
  try {
    checkHubOptions(given);
    return [];
  } catch (error) {
    return error instanceof OptionsError ? error.problems : [`not an OptionsError: ${error}`];
  }
}

const data = ':memory:';

describe('the options of an application that embeds the hub', () => {
  test('are taken in the units of their names; undefined is the same as left out', () => {
    const given = { data, pingIntervalMs: 5000, pingTimeoutMs: undefined, corsOrigins: ['https://a.example'], log: undefined };
    expect(checkHubOptions(given)).toEqual({ ...defaults, data, pingIntervalMs: 5000, corsOrigins: ['https://a.example'] });
    expect(problemsOf({ ...hubSettings(defaults), log: console, onFailed: () => {} })).toEqual([]);
  });

  test.each([
    [undefined, "createHub needs an object, such as { data: './data' }."],
    [null, "createHub needs an object, such as { data: './data' }."],
    [{}, 'data is missing: name the folder of the database, or ":memory:" to keep nothing.'],
    [{ data: '' }, 'data must be a string that is not empty, not "".'],
    [{ data, pingIntervall: 3 }, 'Unknown option "pingIntervall". Did you mean pingIntervalMs?'],
    [{ data, 'ping.interval': 3 }, 'Unknown option "ping.interval". Did you mean pingIntervalMs?'],
    [{ data, 'queue.max-messages': 3 }, 'Unknown option "queue.max-messages". Did you mean queueMessagesMax?'],
    [{ data, volume: 11 }, 'Unknown option "volume". The type HubOptions lists all.'],
    [{ data, toString: 1 }, 'Unknown option "toString". The type HubOptions lists all.'],
    [{ data, port: 5000 }, 'port is for the program "parley" only: here your application\'s own server and log decide it. Leave it out.'],
    [
      { data, corsOrigins: [] },
      'corsOrigins must be "local", "*", false, or an array of origins such as "https://app.example.com", not [].',
    ],
    [{ data, roomsCreateOnJoin: 'true' }, 'roomsCreateOnJoin must be true or false, not "true".'],
    [{ data, queueOverflow: 'drop' }, 'queueOverflow must be "reject" or "drop_oldest", not "drop".'],
    [{ data, log: { info() {} } }, 'log must be an object with the methods debug, info, warn and error, not {}.'],
    [{ data, authenticator: () => 1 }, 'authenticator must be an object with the method authenticate, not a function.'],
    [{ data, onFailed: true }, 'onFailed must be a function, not true.'],
  ])('%j is refused', (given, problem) => {
    expect(problemsOf(given)).toEqual([problem]);
  });

  test.each([-5, Number.NaN, 0, 1.5, 2 ** 31, Number.POSITIVE_INFINITY, '3000', '3s', null, 3n, {}])('a ping interval of %s', (value) => {
    expect(problemsOf({ data, pingIntervalMs: value })).toEqual([
      expect.stringMatching(/^pingIntervalMs must be a whole number of milliseconds from 100 to 2147483647, not .+\.$/),
    ]);
  });

  test('everything that is wrong is told at once, rules between options included', () => {
    const given = { pingIntervall: 3, pingTimeoutMs: -5, outboxLowWaterBytes: 2_000_000, contentBytesMax: 1_000_000 };
    expect(problemsOf({ data, ...given })).toEqual([
      'Unknown option "pingIntervall". Did you mean pingIntervalMs?',
      'pingTimeoutMs must be a whole number of milliseconds from 100 to 2147483647, not -5.',
      'outboxLowWaterBytes (2000000) must be below outboxHighWaterBytes (1048576).',
      'contentBytesMax (1000000) must be below packetBytesMax (1000000).',
    ]);
    expect(() => checkHubOptions({ data, ...given })).toThrow(/^The options of the hub are wrong\.\nUnknown option "pingIntervall"/);
  });

  const inCode = Object.entries<Option<unknown>>(options).filter(([key]) => !programKeys.some((program) => program === key));
  test.each(inCode)('%s takes its default, and nothing that is no value of its kind', (key, option) => {
    expect(problemsOf({ data, [key]: option.default })).toEqual([]);
    for (const value of [null, [''], {}, Number.NaN, -1, '', Symbol('x'), () => {}]) {
      expect(problemsOf({ data, [key]: value })).toHaveLength(1);
    }
  });
});

describe('options that must fit together', () => {
  const mebibyte = 1024 ** 2;
  const max = timerMaxMs;
  test.each<[string, Partial<Config>, Partial<Config>]>([
    [
      'low water below high water',
      { outboxLowWaterBytes: 9999, outboxHighWaterBytes: 10_000, outboxFloorBytes: 9999 },
      { outboxHighWaterBytes: 9999 },
    ],
    ["a connection's own part at most high water", { outboxFloorBytes: 1_048_576 }, { outboxFloorBytes: 1_048_577 }],
    ['a content in its packet', { contentBytesMax: 9999, packetBytesMax: 10_000 }, { packetBytesMax: 9999 }],
    [
      'one connection and one packet in the total',
      { outboxHighWaterBytes: mebibyte, packetBytesMax: 3 * mebibyte, outboxTotalBytesMax: 4 * mebibyte },
      { outboxTotalBytesMax: 4 * mebibyte - 1 },
    ],
    ['connections of a user among all', { connectionsPerUserMax: 7, connectionsMax: 7 }, { connectionsPerUserMax: 8 }],
    [
      'how long a client waits for a ping',
      { pingIntervalMs: max - 1000, pingTimeoutMs: 1000, retentionDeliveredMs: 2 * max, retentionUndeliveredMs: 2 * max },
      { pingTimeoutMs: 1001 },
    ],
    ['retention and a dead connection', { retentionDeliveredMs: 45_000 }, { retentionDeliveredMs: 44_999 }],
    ['retention of what waits and a dead connection', { retentionUndeliveredMs: 45_000 }, { retentionUndeliveredMs: 44_999 }],
  ])('%s', (_name, fits, excess) => {
    expect(problemsOf({ data, ...fits })).toEqual([]);
    expect(problemsOf({ data, ...fits, ...excess })).toHaveLength(1);
  });
});
