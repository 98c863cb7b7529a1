/**
 * What goes wrong: each fault begins at some moment and ends at another, on its own, so that several are there at once and
 * heal in any order.
 */
import type { SimClient } from './sim-client.ts';
import { goodConditions } from './store-queue.ts';
import type { World } from './world.ts';

interface Fault {
  readonly kind: keyof World['troubleLevels'];
  readonly begin: (world: World) => void;
}

const faults: readonly Fault[] = [
  { kind: 'network', begin: (world) => aClient(world)?.connection?.vanish(world.random.chance(0.3)) },
  { kind: 'network', begin: (world) => aClient(world)?.connection?.link?.cut(someWitnesses(world)) },
  { kind: 'network', begin: (world) => stallLink(world) },
  { kind: 'network', begin: (world) => stopReading(world) },
  { kind: 'network', begin: (world) => cutAll(world) },
  { kind: 'store', begin: (world) => slowStore(world) },
  { kind: 'store', begin: (world) => overload(world) },
  { kind: 'store', begin: (world) => refuseWrites(world) },
  { kind: 'store', begin: (world) => failReads(world) },
  { kind: 'hub', begin: (world) => loseProcess(world) },
  { kind: 'hub', begin: (world) => world.hub.kill(world.random.chance(0.7)) },
  { kind: 'hub', begin: (world) => redeploy(world) },
  { kind: 'clock', begin: (world) => jumpClock(world) },
  { kind: 'notices', begin: (world) => confuseNotices(world) },
];

/** Longer than the worst that the store and the clients can do to it. */
const drainMaxMs = 20_000;

/** Perhaps begins a fault, with the probability that its kind has in this simulation. */
export function maybeBeginFault(world: World): void {
  const fault = world.random.pick(faults);
  if (fault !== undefined && world.random.chance(world.troubleLevels[fault.kind] * 0.5)) fault.begin(world);
}

/** From now on nothing goes wrong, and what did is repaired. */
export function endFaults(world: World): void {
  Object.assign(world.storeConditions, goodConditions);
  Object.assign(world.noticeConditions, { lost: 0, doubled: 0, late: 0 });
  world.hub.start();
}

function aClient(world: World): SimClient | undefined {
  const online = world.clients.filter((client) => client.connection !== undefined);
  const client = world.random.pick(online);
  if (client !== undefined) world.trace(`fault: network of ${client.name}`);
  return client;
}

function someWitnesses({ random }: World): { hub: boolean; client: boolean } {
  return { hub: random.chance(0.5), client: random.chance(0.5) };
}

function stallLink(world: World): void {
  const link = aClient(world)?.connection?.link;
  link?.stall();
  world.clock.after(world.random.integer(50, 4000), () => link?.resume());
}

function stopReading(world: World): void {
  const link = aClient(world)?.connection?.link;
  link?.down.pause();
  world.clock.after(world.random.integer(50, 6000), () => link?.down.resume());
}

function cutAll(world: World): void {
  world.trace('fault: the network of everyone');
  for (const { connection } of world.clients) if (world.random.chance(0.7)) connection?.link?.cut(someWitnesses(world));
}

/** Changes the store's conditions for a while. Of two changes that overlap the later one holds. */
function changeStore(world: World, what: string, change: Partial<World['storeConditions']>): void {
  world.trace(`fault: store ${what}`);
  Object.assign(world.storeConditions, change);
  world.clock.after(world.random.integer(50, 3000), () => {
    for (const key of Object.keys(change)) Object.assign(world.storeConditions, { [key]: Reflect.get(goodConditions, key) });
  });
}

function slowStore(world: World): void {
  const commitDelayMs = world.random.integer(20, 1500);
  changeStore(world, 'is slow', { commitDelayMs, answerDelayMs: world.random.integer(1, 500), readDelayMs: world.random.integer(1, 800) });
}

function overload(world: World): void {
  changeStore(world, 'is overloaded', { isOverloaded: true });
}

function refuseWrites(world: World): void {
  const refusal = world.random.chance(0.5) ? 'storage_full' : 'overloaded';
  changeStore(world, `refuses: ${refusal}`, { refusal });
}

function failReads(world: World): void {
  changeStore(world, 'fails to read', { readFailures: world.random.fraction() });
}

function loseProcess(world: World): void {
  const fault = world.random.pick(['process lost', 'process lost', 'disk fails before', 'disk fails after'] as const);
  world.trace(`fault: at the next commit: ${fault}`);
  world.storeConditions.nextFault = fault;
}

function redeploy(world: World): void {
  const { process } = world.hub;
  if (process === undefined) return;
  void world.hub.drain();
  world.clock.after(drainMaxMs, () => {
    world.verdict.require(world.hub.process !== process, 'I12', () => `a drain has not ended after ${drainMaxMs} ms`);
  });
}

function jumpClock(world: World): void {
  const byMs = world.random.pick([-3_600_000, -5000, 5000, 3_600_000]) ?? 0;
  world.trace(`fault: the wall clock jumps by ${byMs} ms`);
  world.clock.jumpWall(byMs);
}

function confuseNotices(world: World): void {
  const { random, noticeConditions } = world;
  world.trace('fault: notices are lost, late and doubled');
  Object.assign(noticeConditions, { lost: random.fraction() * 0.5, doubled: random.fraction() * 0.5, late: random.fraction() * 0.5 });
  world.clock.after(random.integer(100, 3000), () => Object.assign(noticeConditions, { lost: 0, doubled: 0, late: 0 }));
}
