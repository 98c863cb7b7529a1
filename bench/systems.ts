/** The systems that are measured: how each is started, and how its clients speak. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Launch, type ServerProcess, startServer } from './lib/server-process.ts';
import { type OpenAudience, rawAudience } from './load/audience.ts';
import { bare, type Dialect, parley, socketIo } from './load/dialects.ts';
import { echoMail, type OpenMail, rawMail } from './load/mail.ts';
import * as centrifugo from './peers/centrifugo.ts';
import * as mosquitto from './peers/mosquitto.ts';
import * as nats from './peers/nats-jetstream.ts';
import * as rabbitmq from './peers/rabbitmq.ts';
import * as redis from './peers/redis-streams.ts';

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

/** A server of ours, on the Node that runs this. */
const nodeServer = (file: string, ...args: readonly string[]): Launch => ({
  command: process.execPath,
  args: [pathOf(file), ...args],
  // Keeps what Node makes of the sources, so that a start is quick.
  env: { NODE_ENV: 'production', NODE_COMPILE_CACHE: pathOf('../node_modules/.cache/parley-compile') },
});

/** Rooms and inboxes larger than the defaults allow are what is measured; nothing else differs from them. */
const parleyArgs = ['--port', '0', '--queue.max-messages', '1000000', '--log.level', 'warn'];

const parleyLaunch = (folder: string): Launch => ({
  ...nodeServer('../packages/hub/src/main.ts', ...parleyArgs, '--data', folder),
  settings: [`Node ${process.version}`, 'defaults (SQLite, WAL, synchronous=FULL) but for queue.max_messages=1000000'],
});

/** Bun's package brings its program along for each platform. */
const bunPrograms = ['../node_modules/bun/bin/bun.exe', '../node_modules/@oven/bun-linux-x64/bin/bun'].map(pathOf);

const socketIoRooms = socketIo({ registers: false });
const socketIoSqlite = socketIo({ registers: true });

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
    launch: async (folder) => nodeServer('peers/socket-io-sqlite.ts', folder),
  },
  { name: 'ws echo', mail: echoMail(bare), launch: async () => nodeServer('peers/ws-echo.ts') },
  { name: 'rabbitmq', mail: rabbitmq.mail, programs: rabbitmq.programs, launch: (folder, program) => rabbitmq.launch(program, folder) },
  { name: 'jetstream', mail: nats.mail, programs: nats.programs, launch: (folder, program) => nats.launch(program, folder, 'default') },
  { name: 'jetstream sync', mail: nats.mail, programs: nats.programs, launch: (folder, program) => nats.launch(program, folder, 'always') },
  {
    name: 'mosquitto',
    mail: mosquitto.mail,
    programs: mosquitto.programs,
    launch: (folder, program) => mosquitto.launch(program, folder, 'default'),
  },
  {
    name: 'mosquitto save',
    mail: mosquitto.mail,
    programs: mosquitto.programs,
    launch: (folder, program) => mosquitto.launch(program, folder, 'every change'),
  },
  { name: 'centrifugo', audience: centrifugo.audience },
  { name: 'redis streams', mail: redis.mail, programs: redis.programs, launch: (folder, program) => redis.launch(program, folder) },
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
