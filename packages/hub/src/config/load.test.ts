import { describe, expect, test } from 'vitest';
import { type ConfigSources, loadConfig } from './load.ts';
import { defaults } from './options.ts';

function load({ argv = [], env = {}, files = {} }: { argv?: string[]; env?: ConfigSources['env']; files?: Record<string, unknown> } = {}) {
  return loadConfig({
    argv,
    env,
    readFile(path) {
      const file = files[path];
      if (file === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      if (file instanceof Error) throw file;
      return typeof file === 'string' ? file : JSON.stringify(file);
    },
  });
}

function configOf(sources: Parameters<typeof load>[0]) {
  const loaded = load(sources);
  if (!('config' in loaded)) throw new Error(`expected a configuration, got ${JSON.stringify(loaded)}`);
  return loaded.config;
}

function problemsOf(sources: Parameters<typeof load>[0]): string[] {
  const loaded = load(sources);
  return 'problem' in loaded ? loaded.problem.split('\n') : [];
}

describe('where values come from', () => {
  test('nothing given: the defaults of the contract', () => {
    expect(configOf({})).toEqual(defaults);
    expect(defaults).toMatchObject({
      port: 5000,
      host: '127.0.0.1',
      connectionsPerUserMax: 5,
      queueMessagesMax: 10_000,
      roomMembersDefault: 100,
      packetBytesMax: 1_000_000,
      contentBytesMax: 65_536,
      contentDepthMax: 64,
      registerTimeoutMs: 60_000,
    });
  });

  test('flags, as two arguments or one, and switches either way', () => {
    expect(configOf({ argv: ['--port', '8080', '--presence.idle-timeout=10', '--no-rooms.create-on-join'] })).toMatchObject({
      port: 8080,
      idleTimeoutMs: 10_000,
      roomsCreateOnJoin: false,
    });
    expect(configOf({ argv: ['--presence.idle_timeout=10', '--rooms.create-on-join=false'] })).toMatchObject({
      idleTimeoutMs: 10_000,
      roomsCreateOnJoin: false,
    });
    expect(configOf({ argv: ['--allow-open-network', '--host', '0.0.0.0'] })).toMatchObject({ host: '0.0.0.0' });
  });

  test('environment variables', () => {
    const env = { PARLEY_PORT: '1', PARLEY_PRESENCE_IDLE_TIMEOUT: '5m', PARLEY_ROOMS_CREATE_ON_JOIN: 'false', HOME: '/root' };
    expect(configOf({ env })).toMatchObject({ port: 1, idleTimeoutMs: 300_000, roomsCreateOnJoin: false });
  });

  test('a JSON file, nested or dotted', () => {
    const files = {
      'parley.json': { port: 1, presence: { idle_timeout: 2 }, 'ping.interval': '3s', 'cors.origins': ['https://a.example'] },
    };
    const expected = { port: 1, idleTimeoutMs: 2000, pingIntervalMs: 3000, corsOrigins: ['https://a.example'] };
    expect(configOf({ argv: ['--config', 'parley.json'], files })).toMatchObject(expected);
    expect(configOf({ env: { PARLEY_CONFIG: 'parley.json' }, files })).toMatchObject(expected);
  });

  test('a flag wins over a variable, a variable over the file, the last flag over the first', () => {
    const files = { f: { port: 1, host: '127.0.0.2', 'log.level': 'warn' } };
    const env = { PARLEY_CONFIG: 'f', PARLEY_PORT: '2', PARLEY_HOST: '127.0.0.3' };
    expect(configOf({ argv: ['--port', '3', '--port', '4'], env, files })).toMatchObject({ port: 4, host: '127.0.0.3', logLevel: 'warn' });
  });

  test('--help and --version win over everything else', () => {
    expect(load({ argv: ['--nonsense', '--help'] })).toHaveProperty('help');
    expect(load({ argv: ['--version'], env: { PARLEY_PORT: 'x' } })).toEqual({ version: true });
  });

  test('what Kubernetes says about services named parley or parley-web is not meant for the hub: it is ignored, and told', () => {
    const about = (name: string) => ({
      [`${name}_SERVICE_HOST`]: '10.0.0.1',
      [`${name}_SERVICE_PORT`]: '5000',
      [`${name}_SERVICE_PORT_HTTP_2`]: '5000',
      [`${name}_PORT`]: 'tcp://10.0.0.1:5000',
      [`${name}_PORT_5000_TCP`]: 'tcp://10.0.0.1:5000',
      [`${name}_PORT_5000_TCP_PROTO`]: 'tcp',
      [`${name}_PORT_5000_TCP_PORT`]: '5000',
      [`${name}_PORT_5000_TCP_ADDR`]: '10.0.0.1',
      [`${name}_PORT_5001_UDP_ADDR`]: '10.0.0.1',
    });
    const env = { ...about('PARLEY'), ...about('PARLEY_WEB'), ...about('PARLEY_LOG_LEVEL') };
    expect(load({ env })).toEqual({ config: defaults, ignored: Object.keys(env) });
    expect(load({ env: { PARLEY_PORT: '5001' } })).toMatchObject({ config: { port: 5001 }, ignored: [] });
  });

  test('what only looks like it is refused, with a suggestion', () => {
    expect(problemsOf({ env: { PARLEY_PORTS: '5000' } })).toEqual(['Unknown variable PARLEY_PORTS. Did you mean PARLEY_PORT?']);
    expect(problemsOf({ env: { PARLEY_WEB_PORT: '5000' } })).toEqual([expect.stringMatching(/^Unknown variable PARLEY_WEB_PORT\./)]);
    expect(problemsOf({ env: { PARLEY_LOG: 'debug' } })).toEqual([
      'Unknown variable PARLEY_LOG. Did you mean PARLEY_LOG_LEVEL or PARLEY_LOG_FORMAT?',
    ]);
  });
});

describe('units', () => {
  test.each([
    ['300', 300_000],
    ['0.5', 500],
    ['500ms', 500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('a duration of %s', (raw, ms) => {
    expect(configOf({ argv: ['--presence.idle-timeout', raw] }).idleTimeoutMs).toBe(ms);
  });

  test.each([
    ['2048', 2048],
    ['64KiB', 65_536],
    ['1 MiB', 1_048_576],
    ['0.5MiB', 524_288],
  ])('a size of %s', (raw, bytes) => {
    expect(configOf({ argv: ['--packet.max-size', raw, '--content.max-size', '1'] }).packetBytesMax).toBe(bytes);
  });

  test.each([
    ['*', '*'],
    ['false', false],
    ['https://a.example, http://b.example:8080', ['https://a.example', 'http://b.example:8080']],
  ])('the origins %s', (raw, origins) => {
    expect(configOf({ argv: ['--cors.origins', raw] }).corsOrigins).toEqual(origins);
  });
});

describe('what is refused, and what is said about it', () => {
  test.each([
    [['--prot', '1'], 'Unknown option --prot. Did you mean --port?'],
    [['--presence.idle'], 'Unknown option --presence.idle. Did you mean --presence.idle-timeout?'],
    [['--log', 'debug'], 'Unknown option --log. Did you mean --log.level or --log.format?'],
    [['--volume', '11'], 'Unknown option --volume. See --help for all.'],
    [['--rooms.create-on-joi'], 'Unknown option --rooms.create-on-joi. Did you mean --rooms.create-on-join?'],
    [['serve'], 'Unexpected argument "serve": options begin with "--".'],
    [['--port'], '--port needs a value: it must be a whole number from 0 to 65535.'],
    [['--port', '--data'], '--port needs a value: it must be a whole number from 0 to 65535.'],
    [['--port', '65536'], 'port must be a whole number from 0 to 65535, not "65536" (from --port).'],
    [['--port', '1e3'], 'port must be a whole number from 0 to 65535, not "1e3" (from --port).'],
    [['--no-port'], 'Unknown option --no-port. See --help for all.'],
    [['--queue.overflow', 'drop'], 'queue.overflow must be "reject" or "drop_oldest", not "drop" (from --queue.overflow).'],
    [['--allow-open-network=maybe'], 'allow_open_network must be true or false, not "maybe" (from --allow-open-network).'],
    [['--host', ''], 'host must be a text that is not empty, not "" (from --host).'],
  ])('%j', (argv, problem) => {
    expect(problemsOf({ argv })[0]).toBe(problem);
  });

  test.each(['5 parsecs', '-1', '0', '1w', 'm', '1e9', '99999999999'])('a duration of "%s"', (raw) => {
    const [problem] = problemsOf({ env: { PARLEY_PRESENCE_IDLE_TIMEOUT: raw } });
    expect(problem).toMatch(
      /^presence\.idle_timeout must be seconds, or a number with ms, s, m, h or d, from 1ms to .*\(from PARLEY_PRESENCE/,
    );
  });

  test.each(['https://a.example/', 'a.example', 'https://*.example', ''])('an origin such as "%s"', (raw) => {
    expect(problemsOf({ argv: ['--cors.origins', raw] })).toHaveLength(1);
  });

  test('everything that is wrong is told at once', () => {
    expect(problemsOf({ argv: ['--port', 'x', '--host='], env: { PARLEY_PROT: '1', PARLEY_LOG_LEVEL: 'loud' } })).toEqual([
      'Unknown variable PARLEY_PROT. Did you mean PARLEY_PORT?',
      'port must be a whole number from 0 to 65535, not "x" (from --port).',
      'host must be a text that is not empty, not "" (from --host).',
      'log.level must be "debug" or "info" or "warn" or "error", not "loud" (from PARLEY_LOG_LEVEL).',
    ]);
  });

  test('what is wrong in the file names the file', () => {
    const argv = ['--config', 'parley.json'];
    const inFile = (file: unknown) => problemsOf({ argv, files: { 'parley.json': file } })[0];
    expect(inFile({ presnce: { idle_timeout: 1 } })).toBe('Unknown option presnce. Did you mean presence? It is in "parley.json".');
    expect(inFile({ presence: { idle: 1 } })).toBe(
      'Unknown option presence.idle. Did you mean presence.idle_timeout? It is in "parley.json".',
    );
    expect(inFile({ volume: 1 })).toBe('Unknown option volume. See --help for all. It is in "parley.json".');
    expect(inFile({ port: true })).toBe('port must be a whole number from 0 to 65535, not true (from parley.json).');
    expect(inFile({ log: 'debug' })).toBe(
      'log is a group of options and needs an object such as {"log": {"level": …}}, or the dotted name "log.level", not "debug". It is in "parley.json".',
    );
    expect(inFile({ port: null })).toBe('port must be a whole number from 0 to 65535, not null (from parley.json).');
    expect(inFile('{')).toMatch(/^The config file "parley\.json" is not valid JSON: /);
    expect(inFile('[]')).toBe('The config file "parley.json" must contain a JSON object such as {"port": 5000}, not [].');
    expect(inFile(' \n')).toBe('The config file "parley.json" is empty. Write options into it, such as {"port": 5000}, or at least {}.');
    expect(inFile('\uFFFD\uFFFD{\0}\0')).toBe('The config file "parley.json" is not text in UTF-8. Save it with that encoding.');
  });

  test('a file that can not be read says why, and what to do', () => {
    const said = (code: string) =>
      problemsOf({ argv: ['--config', 'f'], files: { f: Object.assign(new Error('the words of the system'), { code }) } })[0];
    expect(problemsOf({ argv: ['--config', 'f'] })[0]).toBe(
      'The config file "f" (from --config) does not exist: look at the path, which counts from the folder where the hub is started.',
    );
    expect(said('EISDIR')).toBe('The config file "f" (from --config) is a folder: name the file in it.');
    expect(said('EACCES')).toBe('The config file "f" (from --config) may not be read by this user: look at its permissions.');
    expect(said('EIO')).toBe('The config file "f" (from --config) could not be read: the words of the system.');
  });

  test('a file that Windows marked as UTF-8 is read', () => {
    expect(configOf({ argv: ['--config', 'f'], files: { f: '\uFEFF{"port": 1}' } }).port).toBe(1);
  });

  test('a key that is there twice is refused: nobody could tell which one counts', () => {
    const inFile = (content: string) => problemsOf({ argv: ['--config', 'f'], files: { f: content } });
    expect(inFile('{"port": 1, "data": "port", "port": 2}')).toEqual([
      'The key "port" stands twice in one object of "f". Remove one of them.',
    ]);
    expect(inFile('{"log": {"level": "info", "l\\u0065vel": "warn"}}')).toEqual([
      'The key "level" stands twice in one object of "f". Remove one of them.',
    ]);
    expect(inFile('{"ping": {"interval": 1}, "ping.interval": 2}')).toEqual(['ping.interval is given twice in "f". Remove one of them.']);
    expect(inFile('{"ping": {"interval": 1, "timeout": 1}, "cors.origins": ["https://port", "https://port"]}')).toEqual([]);
  });

  test('nothing that was given can control the terminal', () => {
    const said = problemsOf({ argv: ['--\u001b[31mx', '--port', '\u001b]0;x\u0007', '\u009b1m'] }).join();
    expect(said).not.toMatch(/\p{Cc}/u);
  });
});

describe('options that must fit together', () => {
  test.each(['0.0.0.0', '192.168.1.1', '::', 'chat.example'])('everybody may be anybody, so %s needs a word', (host) => {
    expect(problemsOf({ argv: ['--host', host] })[0]).toMatch(/^With auth "open".*host.*--allow-open-network/);
    expect(configOf({ argv: ['--host', host, '--allow-open-network'] }).host).toBe(host);
  });

  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('%s is reached from this machine only', (host) => {
    expect(configOf({ argv: ['--host', host] }).host).toBe(host);
  });

  test('limits that contradict each other are both named', () => {
    expect(problemsOf({ argv: ['--outbox.low-water', '2MiB'] })).toEqual([
      'outbox.low_water (2MiB) must be below outbox.high_water (1MiB).',
    ]);
    expect(problemsOf({ argv: ['--content.max-size', '1MiB', '--port', 'x'] })).toEqual([
      'port must be a whole number from 0 to 65535, not "x" (from --port).',
      'content.max_size (1MiB) must be below packet.max_size (1000000).',
    ]);
  });
});
