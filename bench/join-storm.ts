/**
 * A crowd joins one room at once: thousands of registered clients send `join_room` in the same moment. Prints how long it took until the
 * last one was a member, how much memory the hub took on top, how a client fared meanwhile that has nothing to do with the room, and what
 * processor time one join costs in an empty room and in a full one.
 *
 *     npm run bench:joins -- --clients 5000
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { WebSocket } from 'ws';
import { startHubProcess, temporaryFolder } from '../test/support/hub-process.ts';

const { values } = parseArgs({ options: { clients: { type: 'string', default: '5000' }, help: { type: 'boolean', default: false } } });
if (values.help) {
  process.stdout.write('npm run bench:joins -- [--clients 5000]\n');
  process.exit(0);
}
const clientCount = Number(values.clients);
/** Members of the room that is full when the cost of a join in it is measured. */
const fullRoomMembers = 10_000;
const joinsMeasured = 2000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (line: string) => process.stdout.write(`${line}\n`);

/** A registered client whose replies come as events. */
class Member {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, (text: string) => void>();
  membersChanged = 0;

  constructor(url: string, userId: string) {
    this.#socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
    this.#socket.on('message', (data) => this.#onMessage(String(data), userId));
    this.#socket.on('error', () => {});
  }

  /** Resolves with the text of the next event of this name. */
  next(event: string): Promise<string> {
    return new Promise((resolve) => this.#waiting.set(event, resolve));
  }

  async ask(event: string, payload: object, reply: string): Promise<string> {
    const answered = Promise.race([this.next(reply), this.next('error')]);
    this.#socket.send(`42${JSON.stringify([event, payload])}`);
    const text = await answered;
    if (text.startsWith('42["error"')) throw new Error(text);
    return text;
  }

  close(): void {
    this.#socket.terminate();
  }

  #onMessage(text: string, userId: string): void {
    if (text.startsWith('0')) this.#socket.send(`40${JSON.stringify({ user_id: userId })}`);
    else if (text === '2') this.#socket.send('3');
    else if (text.startsWith('42["')) {
      const name = text.slice(4, text.indexOf('"', 4));
      if (name === 'members_changed') this.membersChanged += 1;
      this.#waiting.get(name)?.(text);
    }
  }
}

async function connectMany(url: string, count: number, name: (index: number) => string): Promise<Member[]> {
  const members: Member[] = [];
  while (members.length < count) {
    const some = Array.from({ length: Math.min(100, count - members.length) }, (_, index) => new Member(url, name(members.length + index)));
    await Promise.all(some.map((member) => member.next('registered')));
    members.push(...some);
  }
  return members;
}

/**
 * A client in a thread of its own, so that it does not wait for this thread's work. It asks again and again until it is stopped, which gives
 * the times of its round trips in order of size.
 */
async function startWitness(url: string): Promise<{ stop(): Promise<number[]> }> {
  const thread = new Worker(new URL('./load/witness.ts', import.meta.url), { workerData: url });
  await once(thread, 'message');
  return {
    async stop() {
      const answered = once(thread, 'message');
      thread.postMessage('stop');
      const [roundTripsMs] = await answered;
      return roundTripsMs;
    },
  };
}

const quantile = (sorted: readonly number[], part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

/** The memory of a process in megabytes: what it has now, and the most that it had since the last `forgetPeak`. */
function memoryMb(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return { now: kilobytes('VmRSS') / 1000, peak: kilobytes('VmHWM') / 1000 };
}

function forgetPeak(pid: number): void {
  execFileSync('sh', ['-c', `echo 5 > /proc/${pid}/clear_refs`]);
}

/** Processor time of a process so far, in milliseconds. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const ticksPerSecond = 100;
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000;
}

/** Processor time of one join, of users who come one after the other and leave nothing else to do. */
async function costOfJoin(hub: { readonly pid: number }, members: readonly Member[], room: string): Promise<number> {
  const before = cpuMs(hub.pid);
  for (const member of members) await member.ask('join_room', { room_id: room }, 'joined_room');
  const cost = (cpuMs(hub.pid) - before) / members.length;
  for (const member of members) await member.ask('leave_room', { room_id: room }, 'left_room');
  return cost;
}

async function measureStorm(): Promise<void> {
  const folder = await temporaryFolder();
  const hub = await startHubProcess({ data: folder.path });
  try {
    const [owner] = await connectMany(hub.url, 1, () => 'owner');
    if (owner === undefined) throw new Error('nobody is there');
    await owner.ask('create_room', { room_id: 'square', room_name: 'Square', max_members: 100_000 }, 'room_created');
    const members = await connectMany(hub.url, clientCount, (index) => `user-${index}`);
    await pause(3000);
    forgetPeak(hub.pid);
    const before = memoryMb(hub.pid);

    const witness = await startWitness(hub.url);
    const start = performance.now();
    await Promise.all(members.map((member) => member.ask('join_room', { room_id: 'square' }, 'joined_room')));
    const seconds = (performance.now() - start) / 1000;
    const roundTripsMs = await witness.stop();
    await pause(2500);
    const { peak } = memoryMb(hub.pid);
    const changes = quantile(
      members.map((member) => member.membersChanged).sort((a, b) => a - b),
      0.5,
    );
    say(`${clientCount} users joined one room in ${seconds.toFixed(2)} s; each was told of the others in ${changes} events (median)`);
    say(`memory of the hub: ${before.now.toFixed(0)} MB before, ${peak.toFixed(0)} MB at most (+${(peak - before.now).toFixed(0)} MB)`);
    say(
      `round trips of a client that is not in the room (${roundTripsMs.length}): ` +
        `median ${quantile(roundTripsMs, 0.5).toFixed(1)} ms, p99 ${quantile(roundTripsMs, 0.99).toFixed(1)} ms, max ${(roundTripsMs.at(-1) ?? 0).toFixed(1)} ms`,
    );
    for (const member of [...members, owner]) member.close();
  } finally {
    await hub.kill();
    await folder.remove();
  }
}

/** The members of the full room are not connected, so that a join costs what the membership costs. */
async function measureCost(): Promise<void> {
  const folder = await temporaryFolder();
  const hub = await startHubProcess({ data: folder.path });
  try {
    const [owner] = await connectMany(hub.url, 1, () => 'owner');
    if (owner === undefined) throw new Error('nobody is there');
    for (const room of ['small', 'full']) {
      await owner.ask('create_room', { room_id: room, room_name: room, max_members: 100_000 }, 'room_created');
    }
    for (let joined = 1; joined < fullRoomMembers; joined += 500) {
      const some = await connectMany(hub.url, Math.min(500, fullRoomMembers - joined), (index) => `crowd-${joined + index}`);
      await Promise.all(some.map((member) => member.ask('join_room', { room_id: 'full' }, 'joined_room')));
      for (const member of some) member.close();
    }
    const members = await connectMany(hub.url, 10, (index) => `late-${index}`);
    const rounds = Array.from({ length: joinsMeasured / members.length });
    await costOfJoin(hub, members, 'small');
    const costs: Record<string, number> = {};
    for (const room of ['small', 'full']) {
      let sum = 0;
      for (const _ of rounds) sum += await costOfJoin(hub, members, room);
      costs[room] = sum / rounds.length;
    }
    say(
      `processor time of one join: ${costs.small?.toFixed(2)} ms in a room of up to ${members.length + 1} members, ` +
        `${costs.full?.toFixed(2)} ms in one of ${fullRoomMembers}`,
    );
    for (const member of [...members, owner]) member.close();
  } finally {
    await hub.kill();
    await folder.remove();
  }
}

await measureStorm();
await measureCost();
