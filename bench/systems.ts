/** The systems that are measured: how each is started, and how its clients speak. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import workspace from '../package.json' with { type: 'json' };
import { type Launch, type ServerProcess, startServer } from './lib/server-process.ts';
import { type OpenAudience, rawAudience } from './load/audience.ts';
import { bare, type Dialect, parley, socketIo } from './load/dialects.ts';
import { echoMail, type OpenMail, rawMail } from './load/mail.ts';

export interface System {
  readonly name: string;
  /** For systems that the load generator reaches over its own WebSockets. */
  readonly dialect?: Dialect;
  /** For systems with rooms. */
  readonly audience?: OpenAudience;
  /** For systems that keep messages. */
  readonly mail?: OpenMail;
  /** A program that has to be installed, under one of these names; absent for what npm installs. */
  readonly programs?: readonly string[];
  /** `folder`: for its data. Absent: it can only be measured where it runs already. */
  launch?(folder: string, program: string): Promise<Launch>;
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** The options of Node with which `npm start` starts the hub. */
const hubNodeOptions = (workspace.scripts.start.match(/--\S+/g) ?? []).filter((option) => !option.startsWith('--needs='));

/** A server of ours, on the Node that runs this. */
const nodeServer = (file: string, args: readonly string[] = [], nodeOptions: readonly string[] = []): Launch => ({
  command: process.execPath,
  args: [...nodeOptions, pathOf(file), ...args],
  // Keeps what Node makes of the sources, so that a start is quick.
  env: { NODE_ENV: 'production', NODE_COMPILE_CACHE: pathOf('../node_modules/.cache/parley-compile') },
});

/** Rooms and inboxes larger than the defaults allow are what is measured; nothing else differs from them. */
const parleyArgs = ['--port', '0', '--queue.max-messages', '1000000', '--queue.max-messages-per-sender', '1000000', '--log.level', 'warn'];

const parleyLaunch = (folder: string): Launch => ({
  ...nodeServer('../packages/hub/src/main.ts', [...parleyArgs, '--data', folder], hubNodeOptions),
  settings: [
    `Node ${process.version}, ${hubNodeOptions.join(' ')} as with npm start`,
    'defaults (SQLite, WAL, synchronous=FULL) but for queue.max_messages=1000000 and queue.max_messages_per_sender=1000000',
  ],
});

/** Bun's program is in a package for each platform. */
const bunPrograms = ['node_modules/@oven/bun-linux-x64/bin/bun', 'node_modules/@oven/bun-linux-aarch64/bin/bun'].map(pathOf);

const socketIoRooms = socketIo({ registers: false });
const socketIoSqlite = socketIo({ registers: true });

interface Service {
  readonly mail: OpenMail;
  launch(program: string, folder: string): Promise<Launch>;
}

/** A service of its own kind. Its client library is loaded when it is needed: together they are slow to load. */
function service(name: string, programs: readonly string[], load: () => Promise<Service>): System {
  return {
    name,
    programs,
    mail: async (...args) => (await load()).mail(...args),
    launch: async (folder, program) => (await load()).launch(program, folder),
  };
}

/** The scripts of Debian's package and of the generic one. Debian's in PATH insists on a user of its own. */
const rabbitmqPrograms = ['/usr/lib/rabbitmq/bin/rabbitmq-server', 'rabbitmq-server'];

const all: readonly System[] = [
  { name: 'parley', dialect: parley, audience: rawAudience(parley), mail: rawMail(parley), launch: async (folder) => parleyLaunch(folder) },
  { name: 'socket.io', dialect: socketIoRooms, audience: rawAudience(socketIoRooms), launch: async () => nodeServer('peers/socket-io.ts') },
  { name: 'ws send', dialect: bare, audience: rawAudience(bare), launch: async () => nodeServer('peers/ws-send.ts') },
  { name: 'ws prepared', dialect: bare, audience: rawAudience(bare), launch: async () => nodeServer('peers/ws-prepared.ts') },
  {
    name: 'bun publish',
    dialect: bare,
    audience: rawAudience(bare),
    programs: bunPrograms,
    launch: async (_, program) => ({ command: program, args: [pathOf('peers/bun-publish.ts')] }),
  },
  {
    name: 'socket.io+sqlite',
    mail: rawMail(socketIoSqlite),
    launch: async (folder) => nodeServer('peers/socket-io-sqlite.ts', [folder]),
  },
  { name: 'ws echo', mail: echoMail(bare), launch: async () => nodeServer('peers/ws-echo.ts') },
  service('rabbitmq', rabbitmqPrograms, async () => {
    const { launch, mail } = await import('./peers/rabbitmq.ts');
    return { mail, launch };
  }),
  service('jetstream', ['nats-server', '/usr/sbin/nats-server'], async () => {
    const { launch, mail } = await import('./peers/nats-jetstream.ts');
    return { mail, launch: (program, folder) => launch(program, folder, 'default') };
  }),
  service('jetstream sync', ['nats-server', '/usr/sbin/nats-server'], async () => {
    const { launch, mail } = await import('./peers/nats-jetstream.ts');
    return { mail, launch: (program, folder) => launch(program, folder, 'always') };
  }),
  service('mosquitto', ['mosquitto', '/usr/sbin/mosquitto'], async () => {
    const { launch, mail } = await import('./peers/mosquitto.ts');
    return { mail, launch: (program, folder) => launch(program, folder, 'default') };
  }),
  service('mosquitto save', ['mosquitto', '/usr/sbin/mosquitto'], async () => {
    const { launch, mail } = await import('./peers/mosquitto.ts');
    return { mail, launch: (program, folder) => launch(program, folder, 'every change') };
  }),
  service('redis streams', ['redis-server', '/usr/bin/redis-server'], async () => {
    const { launch, mail } = await import('./peers/redis-streams.ts');
    return { mail, launch };
  }),
  {
    name: 'centrifugo',
    audience: async (...args) => (await import('./peers/centrifugo.ts')).audience(...args),
  },
];

export const systemNames: readonly string[] = all.map(({ name }) => name);

export function systemNamed(name: string): System {
  const system = all.find((candidate) => candidate.name === name);
  if (system === undefined) throw new Error(`There is no system "${name}". There are: ${systemNames.join(', ')}.`);
  return system;
}

/** Starts it. Rejects with a reason that is worth showing if it can't be, such as a program that is not installed. */
export async function start(system: System, folder: string, profileFolder: string | undefined): Promise<ServerProcess> {
  if (system.launch === undefined) throw new Error('it is measured where it runs already: --url');
  const program = system.programs === undefined ? '' : system.programs.find(isInstalled);
  if (program === undefined) throw new Error(`none of these programs is installed: ${system.programs?.join(', ')}`);
  const launch = await system.launch(folder, program);
  if (profileFolder === undefined || launch.command !== process.execPath) return startServer(launch);
  await mkdir(profileFolder, { recursive: true });
  return startServer({
    ...launch,
    args: ['--import', pathOf('lib/profiler.ts'), ...launch.args],
    env: { ...launch.env, BENCH_PROFILE_DIR: profileFolder },
    isProfiled: true,
  });
}

/** A system that runs already, and whose process is none of our business. */
export function runningAt({ hostname, port }: URL): ServerProcess {
  const settings = [`runs at ${hostname}:${port}; its CPU and memory are not known here`];
  return { address: { host: hostname, port: Number(port) }, settings, pids: [], isProfiled: false, stop: async () => {} };
}

const isInstalled = (program: string): boolean =>
  program.startsWith('/') ? existsSync(program) : spawnSync('which', [program], { stdio: 'ignore' }).status === 0;
