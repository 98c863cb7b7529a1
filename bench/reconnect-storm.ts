/**
 * A crowd comes back: thousands of registered clients lose their hub and all reconnect and register at once, waiting
 * between attempts as stock clients do. Prints how long it took until the last one was back, how late the hub's event loop
 * was, how those who were back already fared meanwhile, and what memory the idle crowd takes.
 *
 *     npm run bench:storm -- --clients 5000
 */
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { startHubProcess, temporaryFolder } from '../test/support/hub-process.ts';

const { values } = parseArgs({ options: { clients: { type: 'string', default: '5000' }, help: { type: 'boolean', default: false } } });
if (values.help) {
  process.stdout.write('npm run bench:storm -- [--clients 5000]\n');
  process.exit(0);
}
const clientCount = Number(values.clients);

/** The back-off of the stock client: 1 s, doubling up to 5 s, each shortened or lengthened by up to a half. */
const backoffMs = (attempt: number) => Math.min(1000 * 2 ** attempt, 5000) * (0.5 + Math.random());

interface Crowd {
  registered: number;
  refused: number;
}

/** One client that stays registered as its user, whatever happens to its connection. */
class ReturningClient {
  readonly #url: string;
  readonly #userId: number;
  readonly #crowd: Crowd;
  #socket: WebSocket | undefined;
  #attempt = 0;
  #isClosed = false;
  #onPong: () => void = () => {};
  isRegistered = false;

  constructor(url: string, userId: number, crowd: Crowd) {
    this.#url = `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`;
    this.#userId = userId;
    this.#crowd = crowd;
  }

  connect(): void {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false });
    this.#socket = socket;
    socket.on('message', (data) => this.#onMessage(String(data)));
    socket.on('unexpected-response', () => {
      this.#crowd.refused += 1;
      socket.terminate();
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#onClose());
  }

  /** The time of a round trip through the hub, in milliseconds. */
  async roundTripMs(): Promise<number> {
    const start = performance.now();
    await new Promise<void>((resolve) => {
      this.#onPong = resolve;
      this.#socket?.send('42["ping_hub",{}]');
    });
    return performance.now() - start;
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.terminate();
  }

  #onMessage(text: string): void {
    if (text.startsWith('0')) this.#socket?.send('40');
    else if (text === '2') this.#socket?.send('3');
    else if (text.startsWith('40')) this.#socket?.send(`42["register",{"user_id":${this.#userId}}]`);
    else if (text.startsWith('42["registered"')) this.#onRegistered();
    else if (text.startsWith('42["pong_hub"')) this.#onPong();
  }

  #onRegistered(): void {
    this.isRegistered = true;
    this.#attempt = 0;
    this.#crowd.registered += 1;
  }

  #onClose(): void {
    if (this.isRegistered) this.#crowd.registered -= 1;
    this.isRegistered = false;
    if (this.#isClosed) return;
    setTimeout(() => this.connect(), backoffMs(this.#attempt));
    this.#attempt += 1;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (line: string) => process.stdout.write(`${line}\n`);

async function everyoneIsBack(crowd: Crowd, timeoutMs: number): Promise<number> {
  const start = performance.now();
  while (crowd.registered < clientCount) {
    if (performance.now() - start > timeoutMs) throw new Error(`only ${crowd.registered} of ${clientCount} were back in ${timeoutMs} ms`);
    await pause(20);
  }
  return performance.now() - start;
}

/** Asks clients that are back, one after the other, until told to stop. */
async function probe(clients: readonly ReturningClient[], until: Promise<unknown>): Promise<number[]> {
  const roundTripsMs: number[] = [];
  let isOver = false;
  void until.then(() => {
    isOver = true;
  });
  for (let index = 0; !isOver; index = (index + 1) % clients.length) {
    const client = clients[index];
    if (client?.isRegistered) roundTripsMs.push(await Promise.race([client.roundTripMs(), pause(5000).then(() => 5000)]));
    await pause(5);
  }
  return roundTripsMs.sort((a, b) => a - b);
}

const quantile = (sorted: readonly number[], part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

interface HubStats {
  readonly process: { readonly resident_bytes: number; readonly loop_delay_ms: { median: number; p99: number; max: number } };
}

async function statsOf(url: string): Promise<HubStats> {
  const stats: HubStats = JSON.parse(await (await fetch(`${url}/api/stats`)).text());
  return stats;
}

const folder = await temporaryFolder();
const crowd: Crowd = { registered: 0, refused: 0 };
let hub = await startHubProcess({ data: folder.path });
const clients = Array.from({ length: clientCount }, (_, index) => new ReturningClient(hub.url, index + 1, crowd));
try {
  say(`${clientCount} clients connect and register …`);
  for (const [index, client] of clients.entries()) {
    client.connect();
    if (index % 100 === 99) await pause(50);
  }
  await everyoneIsBack(crowd, 120_000);
  await pause(3000);
  const idle = await statsOf(hub.url);
  say(`resident memory of the hub with ${clientCount} idle clients: ${Math.round(idle.process.resident_bytes / 1e6)} MB`);

  say('the hub is killed and started again, and everybody comes back …');
  crowd.refused = 0;
  await hub.kill();
  hub = await startHubProcess({ data: folder.path, port: hub.port });
  const back = everyoneIsBack(crowd, 120_000);
  const roundTripsMs = await probe(clients, back);
  const { loop_delay_ms: delay, resident_bytes: resident } = (await statsOf(hub.url)).process;
  say(`all are back after ${((await back) / 1000).toFixed(1)} s; ${crowd.refused} attempts were asked to come again`);
  say(`event-loop delay of the hub meanwhile: median ${delay.median} ms, p99 ${delay.p99} ms, max ${delay.max} ms`);
  say(
    `round trips of those who were back (${roundTripsMs.length}, this process's own delay included): ` +
      `median ${quantile(roundTripsMs, 0.5).toFixed(1)} ms, p99 ${quantile(roundTripsMs, 0.99).toFixed(1)} ms`,
  );
  say(`resident memory of the hub: ${Math.round(resident / 1e6)} MB`);
} finally {
  for (const client of clients) client.close();
  await hub.kill();
  await folder.remove();
}
