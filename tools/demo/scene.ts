/** The hub process of the demo and the people who use it, each through a stock client. */
import { type Client, connectClient, type Payload } from '../../test/support/client.ts';
import { type HubProcess, startHubProcess } from '../../test/support/hub-process.ts';
import type { Stage } from './stage.ts';

export interface Person extends Client {
  /** What the hub said when the person came. */
  readonly registered: Payload;
}

export interface Scene {
  readonly stage: Stage;
  readonly url: string;
  readonly hub: HubProcess;
  /** Connects somebody, who says in the handshake who it is, and so is known again after every reconnect. */
  come(userId: string | number, transport?: 'websocket' | 'polling'): Promise<Person>;
  /** The person's connection ends; resolves when the hub has noticed. */
  go(person: Person): Promise<void>;
  /** Starts a hub where the last one was, on the same data. */
  restartHub(): Promise<void>;
  getJson(path: string): Promise<{ readonly status: number; readonly body: unknown }>;
  close(): Promise<void>;
}

export async function createScene(stage: Stage, data: string): Promise<Scene> {
  let hub = await startHubProcess({ data });
  const { url, port } = hub;
  const people = new Set<Client>();

  async function getJson(path: string) {
    const response = await fetch(url + path);
    const body: unknown = await response.json();
    return { status: response.status, body };
  }

  return {
    stage,
    url,
    get hub() {
      return hub;
    },
    async come(userId, transport = 'websocket') {
      const client = await connectClient(url, { transports: [transport], auth: { user_id: userId } });
      people.add(client);
      const [registered = {}] = await client.waitFor('registered');
      return { ...client, registered };
    },
    async go(person) {
      const connections = async () => at((await getJson('/api/stats')).body, 'pool', 'total_connections');
      const before = Number(await connections());
      person.close();
      await until(async () => Number(await connections()) < before);
    },
    async restartHub() {
      hub = await startHubProcess({ data, port });
    },
    getJson,
    async close() {
      for (const person of people) person.close();
      await hub.kill();
    },
  };
}

/** A value inside of JSON: `at(body, 'queue', 'queued')`; undefined if it is not there. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined), value);
}

/** Asks again and again, for at most five seconds. False if it did not come true. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + 5000;
  while (performance.now() < deadline) {
    if (await isTrue()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
