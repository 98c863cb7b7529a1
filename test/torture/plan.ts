/** Who takes part in a run, and how: the same for every seed in its kinds, so that each kind of client meets each fault. */

import type { RawTransport } from './clients/raw-link.ts';
import type { StockTransports } from './clients/stock-link.ts';
import type { World } from './history/world.ts';
import { roomStream } from './history/world.ts';
import type { Seeded } from './seeded.ts';

export type ClientKind = { readonly stock: StockTransports } | { readonly raw: RawTransport };

/** One client program: it reads as one reader and sends as its user. */
export interface ActorPlan {
  readonly name: string;
  readonly reader: number;
  readonly client: ClientKind;
  /** It says in its handshake who it is, instead of with `register`: half of the stock clients do. */
  readonly hasIdentityInHandshake: boolean;
  /** Messages in flight; 0: it sends nothing. */
  readonly window: number;
  /** Streams of the rooms in which this client makes its user a member for good. */
  readonly rooms: readonly number[];
  /** Streams of the rooms that it joins and leaves all the time. */
  readonly wanders: readonly number[];
  /** It is away most of the time. */
  readonly isSleeper: boolean;
  /** It comes for the first time when much of the run is over. */
  readonly isLate: boolean;
}

export interface Plan {
  readonly world: World;
  readonly actors: readonly ActorPlan[];
  /** The actor that watches presence, and no more. */
  readonly observer: number;
}

interface UserPlan {
  readonly clients: readonly (ClientKind & { readonly device?: string; readonly explicitAck?: boolean; readonly isLate?: boolean })[];
  readonly window: number;
  /** By index into `rooms`. */
  readonly rooms?: readonly number[];
  readonly wanders?: readonly number[];
  readonly isSleeper?: boolean;
}

const rooms = ['lobby', 'team', 'small', 'revolving-door'];

const webSocket: ClientKind = { stock: 'websocket' };
const polling: ClientKind = { stock: 'polling' };
const upgrade: ClientKind = { stock: 'upgrade' };
const rawWebSocket: ClientKind = { raw: 'websocket' };
const rawPolling: ClientKind = { raw: 'polling' };

const usersAlone: readonly UserPlan[] = [
  { clients: [webSocket], window: 100, rooms: [0, 2] },
  { clients: [webSocket], window: 50, rooms: [0, 1, 3] },
  { clients: [upgrade], window: 50, rooms: [0, 2] },
  { clients: [polling], window: 20, rooms: [0, 1] },
  // Two connections of one reader.
  { clients: [webSocket, rawWebSocket], window: 50, rooms: [0, 1] },
  {
    clients: [
      { ...upgrade, device: 'phone' },
      { ...rawWebSocket, device: 'laptop' },
      { ...webSocket, device: 'watch', isLate: true },
    ],
    window: 30,
    rooms: [1],
  },
  {
    clients: [
      { ...rawWebSocket, device: 'tablet', explicitAck: true },
      { ...webSocket, device: 'desktop', explicitAck: true },
    ],
    window: 30,
    rooms: [2],
  },
  { clients: [rawWebSocket], window: 100, rooms: [1] },
  { clients: [rawWebSocket], window: 100, rooms: [3] },
  { clients: [{ ...rawWebSocket, device: 'phone', explicitAck: true }], window: 100 },
  { clients: [rawPolling], window: 40, rooms: [1] },
  { clients: [webSocket], window: 40, wanders: [3] },
  { clients: [webSocket], window: 40, wanders: [3] },
  { clients: [rawWebSocket], window: 20, rooms: [2], isSleeper: true },
  { clients: [webSocket], window: 0 },
];

/**
 * In a cluster: the one who wanders is in two places, so that a node has to hear from another one that a room was left. The clients
 * send less, since the nodes and their store share the machine.
 */
const clusterUsers: readonly UserPlan[] = usersAlone.map((user) => ({
  ...user,
  clients: user.wanders === undefined ? user.clients : [...user.clients, rawWebSocket],
  window: Math.ceil(user.window / 3),
}));

export function makePlan(random: Seeded, isCluster = false): Plan {
  const users = isCluster ? clusterUsers : usersAlone;
  const world: World = {
    // Ids of both kinds: numbers, and strings.
    users: users.map((_, user) => (user % 2 === 0 ? user + 1 : `user-${user + 1}`)),
    rooms,
    readers: users.flatMap(readersOf),
  };
  const actors = users.flatMap(({ clients, window, rooms: own = [], wanders = [], isSleeper = false }, user) =>
    clients.map((client, index): ActorPlan => {
      const { device = '', isLate = false } = client;
      // One client looks after the user's memberships.
      const isFirst = index === 0;
      return {
        name: [world.users[user], device].filter((part) => part !== '').join('/'),
        reader: world.readers.findIndex((reader) => reader.user === user && reader.device === device),
        client,
        hasIdentityInHandshake: 'stock' in client && user % 2 === 0,
        window: window === 0 ? 0 : Math.max(isCluster ? 5 : 20, Math.round(window * (0.6 + 0.8 * random.fraction()))),
        rooms: isFirst ? own.map((room) => roomStream(world, room)) : [],
        wanders: isFirst ? wanders.map((room) => roomStream(world, room)) : [],
        isSleeper,
        isLate,
      };
    }),
  );
  return { world, actors, observer: actors.length - 1 };
}

/** One for each device; connections without a device share theirs. */
function readersOf({ clients }: UserPlan, user: number) {
  const devices = new Map(clients.map(({ device = '', explicitAck = false }) => [device, explicitAck]));
  return [...devices].map(([device, explicitAck]) => ({ user, device, explicitAck }));
}
