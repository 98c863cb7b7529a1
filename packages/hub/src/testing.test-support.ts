/**
 * For `@parley/testkit` alone: the parts of the hub that the simulation drives. Nothing here is public, and
 * nothing here stays as it is from one version to the next.
 */
export { Core, type CoreSettings } from './core.ts';
export { messageRuns } from './deliver/message-run.ts';
export { Streams } from './fanout/streams.ts';
export { openAuthenticator } from './identify/open-authenticator.ts';
export type { Cancel, Clock } from './lib/clock.ts';
export { OutgoingPacket, type OutgoingPackets } from './lib/outgoing-packet.ts';
export type { Random } from './lib/random.ts';
export type { Bus, BusHandlers, OpenBus } from './ports/bus.ts';
export type { CloseReason, Connection, ConnectionHandlers, Handshake, Refusal } from './ports/connection.ts';
export type { HubEvent } from './ports/hub-events.ts';
export type { Log } from './ports/log.ts';
export type { PresenceView } from './ports/presence.ts';
export type * from './ports/shared-store.ts';
export { neverSeen, placeOf } from './ports/store.ts';
