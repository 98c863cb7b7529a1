/**
 * The one table of options. The type `Config`, the flags, the environment variables, the config file, `--help` and
 * docs/options.md all come from it, so a default or a name is spelled nowhere else.
 */
import { limits } from '@parley/protocol';
import { addresses, choice, durationMs, hostNames, integer, type Kind, onOff, origins, sizeBytes, text, urlPath } from './kinds.ts';
import { busUrl, hostAndPort, notify, sqlite, storeUrl } from './servers.ts';

export interface Option<T> {
  /** With dots: `presence.idle_timeout` is the flag `--presence.idle-timeout` and the variable PARLEY_PRESENCE_IDLE_TIMEOUT. */
  readonly name: string;
  readonly group: (typeof groups)[number];
  readonly kind: Kind<T>;
  readonly default: T;
  /** One sentence for the help and the documentation. */
  readonly doc: string;
}

export const groups = ['Server', 'Cluster', 'Access', 'Connections', 'Messages', 'Rooms', 'Presence', 'Delivery', 'Log'] as const;

const second = 1000;
const day = 86_400 * second;
const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
/** The longest delay that a timer takes, here and in JavaScript clients: a longer one is over at once. */
export const timerMaxMs = 2 ** 31 - 1;
/** The value of an option that names a file, if there is none. */
export const noFile = 'none';
/** What an answer may take over the network: no client keeps a shorter limit. */
const roundTripMs = 100;
const countMax = 1_000_000_000;

export const options = {
  port: option({
    name: 'port',
    group: 'Server',
    kind: integer({ min: 0, max: 65_535 }),
    default: 5000,
    doc: 'Port to listen on; 0 picks a free one.',
  }),
  host: option({
    name: 'host',
    group: 'Server',
    kind: text,
    default: '127.0.0.1',
    doc: 'Address to listen on: 0.0.0.0 is every IPv4 address of the machine, :: every address.',
  }),
  path: option({
    name: 'path',
    group: 'Server',
    kind: urlPath,
    default: '/socket.io/',
    doc: 'Path of the socket endpoint; clients name it in their option "path".',
  }),
  data: option({
    name: 'data',
    group: 'Server',
    kind: text,
    default: './data',
    doc: 'Folder of the database, made if it is missing; :memory: keeps nothing after the end. Without a meaning on PostgreSQL.',
  }),
  drainTimeoutMs: option({
    name: 'drain.timeout',
    group: 'Server',
    kind: durationMs({ min: 0, max: timerMaxMs }),
    default: 8 * second,
    doc: 'How long clients get, once the hub was told to stop, to take what is on its way to them.',
  }),

  store: option({
    name: 'store',
    group: 'Cluster',
    kind: storeUrl,
    default: sqlite,
    doc: 'Where messages are kept: sqlite is the data folder, which is for one hub; hubs that name the same PostgreSQL database are the nodes of one cluster.',
  }),
  storePasswordFile: option({
    name: 'store.password_file',
    group: 'Cluster',
    kind: text,
    default: noFile,
    doc: "File with the database's password, which else is that of the URL, of PGPASSWORD or of the file .pgpass.",
  }),
  bus: option({
    name: 'bus',
    group: 'Cluster',
    kind: busUrl,
    default: notify,
    doc: 'What carries notices between the nodes: notify is the database itself, or a Redis or NATS server. Messages are stored in the database in any case.',
  }),
  clusterAddress: option({
    name: 'cluster.address',
    group: 'Cluster',
    kind: hostAndPort,
    default: '127.0.0.1:0',
    doc: 'Where this node listens to the others and they reach it; the port 0 picks a free one. Nodes on several machines need an address that the others reach, and which clients do not.',
  }),

  auth: option({
    name: 'auth',
    group: 'Access',
    kind: choice('open'),
    default: 'open',
    doc: 'Who may register: open believes every user id, which is for development.',
  }),
  allowOpenNetwork: option({
    name: 'allow_open_network',
    group: 'Access',
    kind: onOff,
    default: false,
    doc: 'Listen to other machines although everybody may register as anybody.',
  }),
  corsOrigins: option({
    name: 'cors.origins',
    group: 'Access',
    kind: origins,
    default: 'local',
    doc: "Web pages that may connect: local is the hub's own and those of this machine, * is all, false is only its own, otherwise a list of exact origins.",
  }),
  hosts: option({
    name: 'hosts',
    group: 'Access',
    kind: hostNames,
    default: [],
    doc: 'Host names, beside localhost, under which a hub that is reached over the loopback address answers, such as that of a proxy before it.',
  }),
  trustedProxies: option({
    name: 'proxies.trusted',
    group: 'Access',
    kind: addresses,
    default: [],
    doc: "Addresses or networks of proxies whose X-Forwarded-For header tells the client's address.",
  }),

  connectionsMax: option({
    name: 'connections.max',
    group: 'Connections',
    kind: integer({ min: 1, max: countMax }),
    default: 100_000,
    doc: 'Open connections of the whole hub.',
  }),
  strangersMax: option({
    name: 'strangers.max',
    group: 'Connections',
    kind: integer({ min: 1, max: countMax }),
    default: 10_000,
    doc: 'Open connections that have not registered; above it the oldest of them is closed for each new one.',
  }),
  strangersPerAddressMax: option({
    name: 'strangers.max_per_address',
    group: 'Connections',
    kind: integer({ min: 1, max: countMax }),
    default: 1000,
    doc: 'The same for one address, or one /64 network of IPv6.',
  }),
  strangersBytesMax: option({
    name: 'strangers.total',
    group: 'Connections',
    kind: sizeBytes({ min: mebibyte, max: 1024 * 1024 * mebibyte }),
    default: 32 * mebibyte,
    doc: 'Bytes held for all connections that have not registered, in both directions; above it the one that holds the most is closed.',
  }),
  connectionsPerUserMax: option({
    name: 'connections.max_per_user',
    group: 'Connections',
    kind: integer({ min: 1, max: countMax }),
    default: 5,
    doc: 'Registered connections of one user.',
  }),
  registerTimeoutMs: option({
    name: 'register.timeout',
    group: 'Connections',
    kind: durationMs({ min: roundTripMs, max: timerMaxMs }),
    default: 60 * second,
    doc: 'Time to register, after which a connection is closed, whatever else it sends.',
  }),
  pingIntervalMs: option({
    name: 'ping.interval',
    group: 'Connections',
    kind: durationMs({ min: roundTripMs, max: timerMaxMs }),
    default: 25 * second,
    doc: 'Time between the pings that find dead connections.',
  }),
  pingTimeoutMs: option({
    name: 'ping.timeout',
    group: 'Connections',
    kind: durationMs({ min: roundTripMs, max: timerMaxMs }),
    default: 20 * second,
    doc: 'Time for the answer to a ping, after which a connection counts as dead.',
  }),
  packetBytesMax: option({
    name: 'packet.max_size',
    group: 'Connections',
    kind: sizeBytes({ min: kibibyte, max: 100 * mebibyte }),
    default: limits.packetBytesMax,
    doc: 'Size of one packet from a client; a larger one closes the connection.',
  }),

  contentBytesMax: option({
    name: 'content.max_size',
    group: 'Messages',
    // Half of what may wait for the disk, so that a message of full size finds room there.
    kind: sizeBytes({ min: 1, max: 32 * mebibyte }),
    default: limits.contentBytesMax,
    doc: 'Size of the content of one message.',
  }),
  contentDepthMax: option({
    name: 'content.max_depth',
    group: 'Messages',
    kind: integer({ min: 1, max: limits.contentDepthMax }),
    default: limits.contentDepthMax,
    doc: 'How deeply arrays and objects in a content may be nested.',
  }),
  messageBytesMax: option({
    name: 'message.max_total',
    group: 'Messages',
    kind: sizeBytes({ min: kibibyte, max: 1024 * mebibyte }),
    default: 4 * mebibyte,
    doc: 'Size of the content of one message to several recipients, times their number.',
  }),
  queueMessagesMax: option({
    name: 'queue.max_messages',
    group: 'Messages',
    kind: integer({ min: 1, max: countMax }),
    default: 10_000,
    doc: 'Undelivered direct messages that are kept for one user.',
  }),
  queueOverflow: option({
    name: 'queue.overflow',
    group: 'Messages',
    kind: choice('reject', 'drop_oldest'),
    default: 'reject',
    doc: 'Above that: refuse the new message, or remove the oldest and count it.',
  }),
  senderQueueMessagesMax: option({
    name: 'queue.max_messages_per_sender',
    group: 'Messages',
    kind: integer({ min: 1, max: countMax }),
    default: 1000,
    doc: 'Undelivered direct messages of one sender that are kept for one user; above it only this sender is refused.',
  }),
  pendingWritesMax: option({
    name: 'store.max_pending',
    group: 'Messages',
    kind: integer({ min: 1, max: countMax }),
    default: 50_000,
    doc: 'Writes that may wait for the disk; above it new messages are refused with "overloaded".',
  }),
  retentionDeliveredMs: option({
    name: 'retention.delivered',
    group: 'Messages',
    kind: durationMs({ min: second, max: 36_500 * day }),
    default: 30 * day,
    doc: 'How long delivered messages and room messages are kept.',
  }),
  retentionUndeliveredMs: option({
    name: 'retention.undelivered',
    group: 'Messages',
    kind: durationMs({ min: second, max: 36_500 * day }),
    default: 30 * day,
    doc: 'How long undelivered direct messages are kept.',
  }),

  roomsCreateOnJoin: option({
    name: 'rooms.create_on_join',
    group: 'Rooms',
    kind: onOff,
    default: true,
    doc: 'Joining a room that does not exist creates it.',
  }),
  roomMembersDefault: option({
    name: 'rooms.max_members',
    group: 'Rooms',
    kind: integer({ min: 1, max: limits.roomMembersMax }),
    default: 100,
    doc: 'Members of a room that was created without max_members.',
  }),
  roomsPerUserMax: option({
    name: 'rooms.max_per_user',
    group: 'Rooms',
    kind: integer({ min: 1, max: countMax }),
    default: 1000,
    doc: 'Rooms that one user may be a member of.',
  }),

  devicesPerUserMax: option({
    name: 'devices.max_per_user',
    group: 'Messages',
    kind: integer({ min: 1, max: countMax }),
    default: 100,
    doc: 'Devices of one user whose places are kept; above it the one that was unused for longest is forgotten.',
  }),

  idleTimeoutMs: option({
    name: 'presence.idle_timeout',
    group: 'Presence',
    kind: durationMs({ min: 1, max: timerMaxMs }),
    default: 300 * second,
    doc: 'Time without an event from a user after which others see it as away.',
  }),

  watchesPerConnectionMax: option({
    name: 'presence.max_watches',
    group: 'Presence',
    kind: integer({ min: 1, max: countMax }),
    default: 10_000,
    doc: 'Users and rooms whose presence one connection may watch.',
  }),
  watchesTotalMax: option({
    name: 'presence.max_watches_total',
    group: 'Presence',
    kind: integer({ min: 1, max: countMax }),
    default: 250_000,
    doc: 'The same for all connections together, each of which may watch 100 in any case. Each watch takes about 250 bytes of memory.',
  }),

  outboxHighWaterBytes: option({
    name: 'outbox.high_water',
    group: 'Delivery',
    kind: sizeBytes({ min: kibibyte, max: 1024 * mebibyte }),
    default: mebibyte,
    doc: 'Unsent bytes above which a connection is served from the log, and live-only events to it are dropped.',
  }),
  outboxLowWaterBytes: option({
    name: 'outbox.low_water',
    group: 'Delivery',
    kind: sizeBytes({ min: 0, max: 1024 * mebibyte }),
    default: 256 * kibibyte,
    doc: 'Unsent bytes below which a connection gets more from the log.',
  }),
  outboxFloorBytes: option({
    name: 'outbox.floor',
    group: 'Delivery',
    kind: sizeBytes({ min: kibibyte, max: 1024 * mebibyte }),
    default: 16 * kibibyte,
    doc: 'Unsent bytes that every connection may hold, however much the others hold; at most the high water.',
  }),
  outboxTotalBytesMax: option({
    name: 'outbox.total',
    group: 'Delivery',
    kind: sizeBytes({ min: mebibyte, max: 1024 * 1024 * mebibyte }),
    default: 64 * mebibyte,
    doc: 'Unsent bytes of all connections together; as it fills, the slowest ones are served from the log first.',
  }),
  slowDeadlineMs: option({
    name: 'slow.deadline',
    group: 'Delivery',
    kind: durationMs({ min: second, max: timerMaxMs }),
    default: 60 * second,
    doc: 'How long a connection may take nothing at all before it is closed; it loses nothing by that.',
  }),

  logLevel: option({
    name: 'log.level',
    group: 'Log',
    kind: choice('debug', 'info', 'warn', 'error'),
    default: 'info',
    doc: 'The least important entries that are written.',
  }),
  logFormat: option({
    name: 'log.format',
    group: 'Log',
    kind: choice('auto', 'pretty', 'json'),
    default: 'auto',
    doc: 'One JSON object a line, or lines for people; auto is pretty on a terminal.',
  }),
};

type Options = typeof options;

export type OptionKey = keyof Options;

/** Every option's value, checked, in the units that the names say. */
export type Config = { readonly [K in OptionKey]: Options[K]['default'] };

/** Options of the program only. An application that embeds the hub decides these in its own server and log. */
export const programKeys = ['port', 'host', 'auth', 'allowOpenNetwork', 'logLevel', 'logFormat'] as const satisfies readonly OptionKey[];

/** Options of the hub itself. */
export type HubSettings = Omit<Config, (typeof programKeys)[number]>;

export function hubSettings({ port, host, auth, allowOpenNetwork, logLevel, logFormat, ...settings }: Config): HubSettings {
  return settings;
}

export const defaults: Config = toConfig(Object.fromEntries(Object.entries(options).map(([key, { default: value }]) => [key, value])));

/** Programmer's error if a value is missing. That each has its type is for the caller, who had it from its kind. */
export function toConfig(values: Readonly<Record<string, unknown>>): Config {
  if (!isComplete(values)) throw new TypeError('An option has no value');
  return values;
}

function isComplete(values: Readonly<Record<string, unknown>>): values is Config {
  return Object.keys(options).every((key) => values[key] !== undefined);
}

function option<T>(definition: Omit<Option<T>, 'default'> & { readonly default: NoInfer<T> }): Option<T> {
  return definition;
}
