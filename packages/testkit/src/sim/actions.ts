/** What users do: each step of a simulation one of them does something, and goes on without waiting for the answer. */
import { inboxOf, type StreamId, timelineOf } from '@parley/hub';
import { userIdToWire } from '@parley/protocol';
import type { SimClient } from './sim-client.ts';
import type { World } from './world.ts';

interface Action {
  readonly weight: number;
  readonly run: (world: World, client: SimClient) => void;
}

const actions: readonly Action[] = [
  { weight: 30, run: (world, client) => sendDirect(world, client) },
  { weight: 30, run: (world, client) => sendToRoom(world, client) },
  { weight: 3, run: (world, client) => sendBurst(world, client) },
  { weight: 2, run: (world, client) => sendAsSomebodyElse(world, client) },
  { weight: 6, run: (world, client) => joinAndSend(world, client) },
  { weight: 3, run: (world, client) => client.connection?.emit('leave_room', { room_id: aRoom(world) }) },
  { weight: 1, run: (world, client) => client.connection?.emit('create_room', { room_id: aRoom(world), room_name: 'made' }) },
  { weight: 4, run: (world, client) => client.connection?.emit('broadcast', { content: filler(world) }) },
  { weight: 4, run: (world, client) => client.connection?.emit('signal', { room_id: aRoom(world), kind: 'typing' }, () => {}) },
  { weight: 2, run: (world, client) => chooseState(world, client) },
  { weight: 2, run: (world, client) => client.connection?.emit('history', { user_id: userIdToWire(aUser(world)) }, () => {}) },
  { weight: 2, run: (_world, client) => registerAgain(client) },
  {
    weight: 4,
    run: (world, client) =>
      client.acknowledgeTooMuch(world.random.chance(0.5) ? inboxOf(client.settings.userId) : timelineOf(aRoom(world))),
  },
  { weight: 5, run: (world, client) => leave(world, client) },
  { weight: 6, run: (world, client) => reload(world, client) },
  { weight: 12, run: (_world, client) => client.goOnline() },
];

const totalWeight = actions.reduce((sum, { weight }) => sum + weight, 0);

export function act(world: World): void {
  const client = world.random.pick(world.clients);
  if (client === undefined) return;
  let left = world.random.fraction() * totalWeight;
  const action = actions.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  action?.run(world, client);
}

/** One more message in every stream, after the last fault: by its `seq` every reader finds what a lost notice has hidden. */
export function sendToAll(world: World): void {
  for (const client of world.clients) {
    for (const stream of world.ledger.streamsOf(client.settings.userId)) {
      client.send(client.compose(stream, 'last', { isOnce: true }), { isAcknowledged: true });
    }
  }
}

function sendDirect(world: World, client: SimClient): void {
  send(world, client, inboxOf(aUser(world)));
}

function sendToRoom(world: World, client: SimClient): void {
  send(world, client, timelineOf(aRoom(world)));
}

function send(world: World, client: SimClient, stream: StreamId): void {
  if (client.connection?.isConnected !== true) return;
  const { random } = world;
  const options = { isOnce: random.chance(0.5), echo: random.chance(0.7) };
  client.send(client.compose(stream, filler(world), options), { isAcknowledged: random.chance(0.7) });
}

function sendBurst(world: World, client: SimClient): void {
  const stream = world.random.chance(0.5) ? inboxOf(aUser(world)) : timelineOf(aRoom(world));
  for (let count = world.random.integer(5, 30); count > 0; count--) send(world, client, stream);
}

function sendAsSomebodyElse(world: World, client: SimClient): void {
  const claimedSenderId = aUser(world);
  if (client.connection === undefined || claimedSenderId === client.settings.userId) return;
  client.send(client.compose(inboxOf(aUser(world)), 'forged', { claimedSenderId }), { isAcknowledged: true });
}

/** In one go, as clients do that do not wait for answers. */
function joinAndSend(world: World, client: SimClient): void {
  const roomId = aRoom(world);
  client.connection?.emit('join_room', { room_id: roomId }, world.random.chance(0.5) ? () => {} : undefined);
  if (world.random.chance(0.5)) send(world, client, timelineOf(roomId));
}

function chooseState(world: World, client: SimClient): void {
  const state = world.random.pick(['online', 'away', 'dnd', 'invisible']);
  client.connection?.emit('set_state', { state }, world.random.chance(0.5) ? () => {} : undefined);
}

function registerAgain(client: SimClient): void {
  if (client.isRegistered)
    client.connection?.emit('register', { user_id: userIdToWire(client.settings.userId), state: 'online' }, () => {});
}

function leave(world: World, client: SimClient): void {
  const how = world.random.pick(['close', 'close', 'vanish', 'reset'] as const) ?? 'close';
  world.trace(`${client.name}: goes offline (${how})`);
  client.goOffline(how);
}

/** The page is loaded again, or the application starts again: the next connection may be there before the end of the last one. */
function reload(world: World, client: SimClient): void {
  if (client.connection === undefined) return;
  world.trace(`${client.name}: starts again`);
  client.goOffline(world.random.chance(0.5) ? 'close' : 'vanish');
  world.clock.after(world.random.integer(0, 30), () => client.goOnline());
}

const aUser = (world: World): string => world.random.pick(world.users) ?? '';
const aRoom = (world: World): string => world.random.pick(world.rooms) ?? '';

/** Text of different lengths, not all of it ASCII. */
function filler({ random }: World): string {
  if (random.chance(0.7)) return 'é'.repeat(random.integer(0, 10));
  return 'x'.repeat(random.integer(0, random.chance(0.2) ? 1500 : 200));
}
