/**
 * The server side of the hub, for the application that embeds it and for the HTTP routes: everything a client can do,
 * without a connection. It calls the same functions as the clients' commands, so the same limits hold and
 * the same `HubError`s are thrown. Ids are strings here, times milliseconds, content any value that JSON can hold.
 */
import { applicationUserId, limits as protocolLimits } from '@parley/protocol';
import type { Core } from './core.ts';
import { nowOf } from './lib/clock.ts';
import type { PresenceView } from './ports/presence.ts';
import type { HubStats, Vitals } from './ports/stats.ts';
import type {
  Appended,
  HistoryMessage,
  HistoryQuery,
  MembersPage,
  MembersQuery,
  RoomSummary,
  RoomsPage,
  RoomsQuery,
  UserState,
} from './ports/store.ts';
import { broadcastToAll } from './route/commands/broadcast.ts';
import { makeRoom } from './route/commands/create-room.ts';
import { addMember } from './route/commands/join-room.ts';
import { removeMember } from './route/commands/leave-room.ts';
import { sendDirect } from './route/commands/message.ts';
import { presenceOf } from './route/commands/presence.ts';
import { sendToRoom } from './route/commands/room-message.ts';
import { sendSignal } from './route/commands/signal.ts';
import { contentFromValue } from './route/content.ts';

/** How a message from the application looks to its receivers. */
export interface SendOptions {
  /** `system` if absent. */
  readonly senderId?: string;
  /** `text` if absent. */
  readonly type?: string;
  /** Makes a repetition of this send answer with the first result. */
  readonly clientMsgId?: string;
}

export interface NewRoomOptions {
  /** An unguessable one is made if absent. */
  readonly roomId?: string;
  readonly name: string;
  readonly createdBy: string;
  readonly isPrivate?: boolean;
  readonly maxMembers?: number;
}

export class HubApi {
  readonly #core: Core;
  readonly #vitals: () => Vitals;
  readonly #startedMs: number;

  constructor(core: Core, vitals: () => Vitals) {
    this.#core = core;
    this.#vitals = vitals;
    this.#startedMs = core.services.clock.monotonic();
  }

  /** A direct message, durable when the promise resolves. Refusal: `queue_full`. */
  sendToUser(userId: string, content: unknown, options: SendOptions = {}): Promise<Appended> {
    return sendDirect(this.#core.services, { ...this.#draft(content, options), recipientId: userId, receipt: false });
  }

  /** The same direct message to each of several users; one refusal leaves the others alone. */
  sendToUsers(userIds: readonly string[], content: unknown, options: SendOptions = {}): Promise<PromiseSettledResult<Appended>[]> {
    return Promise.allSettled(userIds.map((userId) => this.sendToUser(userId, content, options)));
  }

  /** A room message, durable when the promise resolves. The sender need not be a member. Refusal: `room_not_found`. */
  sendToRoom(roomId: string, content: unknown, options: SendOptions = {}): Promise<Appended> {
    return sendToRoom(this.#core.services, { ...this.#draft(content, options), roomId, echo: true, membersOnly: false });
  }

  /** Live only, to every registered connection. Returns how many users it went to. */
  broadcast(content: unknown, options: SendOptions & { readonly exclude?: Iterable<string> } = {}): number {
    return broadcastToAll(this.#core.services, { ...this.#draft(content, options), exclude: new Set(options.exclude) });
  }

  /** Live only, to the connections of a user or of a room's members. Returns how many users it went to. */
  signal(
    to: { readonly userId: string } | { readonly roomId: string },
    kind: string,
    data?: unknown,
    senderId = applicationUserId,
  ): number {
    const { limits } = this.#core.services;
    return sendSignal(this.#core.services, { senderId, to, kind, data: data === undefined ? undefined : contentFromValue(data, limits) });
  }

  /** Refusal: `room_exists`. */
  createRoom(room: NewRoomOptions): Promise<RoomSummary> {
    const { services } = this.#core;
    return makeRoom(services, {
      roomId: room.roomId ?? services.random.id(),
      name: room.name,
      createdBy: room.createdBy,
      isPrivate: room.isPrivate ?? false,
      maxMembers: room.maxMembers ?? services.limits.roomMembersDefault,
    });
  }

  /** Adds a user to a room, a private one too; false if it was a member. Refusals: `room_not_found`, `room_full`. */
  async addMember(roomId: string, userId: string): Promise<boolean> {
    return (await addMember(this.#core.services, roomId, userId, true)).joined;
  }

  /** The user gets nothing more of the room. Refusals: `room_not_found`, `not_member`. */
  removeMember(roomId: string, userId: string): Promise<void> {
    return removeMember(this.#core.services, roomId, userId);
  }

  room(roomId: string): Promise<RoomSummary | undefined> {
    return this.#core.services.store.room(roomId);
  }

  /** Refusal: `invalid_payload` if there is no room `after`. */
  rooms(query: RoomsQuery): Promise<RoomsPage> {
    return this.#core.services.store.rooms(query);
  }

  /** Refusals: `room_not_found`; `invalid_payload` if `after` is no member. */
  members(query: Omit<MembersQuery, 'userId'>): Promise<MembersPage> {
    return this.#core.services.store.members({ ...query, userId: undefined });
  }

  /** A page of a room as one of its members sees it, or of the conversation of two users. */
  async history(
    query: Pick<HistoryQuery, 'userId' | 'of'> & Partial<HistoryQuery>,
  ): Promise<{ messages: HistoryMessage[]; hasMore: boolean }> {
    const page = await this.#core.services.store.history({
      beforeId: undefined,
      afterId: undefined,
      limit: protocolLimits.historyLimitDefault,
      bytesMax: protocolLimits.historyBytesMax,
      ...query,
    });
    return { ...page, messages: [...page.messages] };
  }

  presence(userIds: readonly string[]): Promise<PresenceView[]> {
    return presenceOf(this.#core.services, userIds);
  }

  /** Sets what a user who is online has chosen to show. False if the user is offline. */
  async setState(userId: string, state: UserState['state'], statusText?: string): Promise<boolean> {
    const { services, presence } = this.#core;
    const chosen = presence.choose(userId, state, statusText, nowOf(services.clock));
    if (chosen === undefined) return false;
    await services.store.saveStates([chosen]);
    return true;
  }

  onlineUsers(): string[] {
    return [...this.#core.presence.online()];
  }

  /** Closes all connections of a user; stock clients do not come back by themselves. Returns how many. */
  disconnectUser(userId: string): number {
    const sessions = this.#core.pool.sessionsOf(userId);
    for (const { connection } of sessions) this.#core.sendAway(connection, 'disconnected_by_server');
    return sessions.length;
  }

  async stats(): Promise<HubStats> {
    const { pool, presence, slowReaders, services } = this.#core;
    return {
      uptimeMs: services.clock.monotonic() - this.#startedMs,
      pool: pool.stats(),
      connectionsByUser: Object.fromEntries([...pool.users()].map((userId) => [userId, pool.sessionsOf(userId).length])),
      onlineUsers: [...presence.online()],
      store: await services.store.counts(),
      liveDropped: slowReaders.liveDropped,
      slowClosed: slowReaders.closed,
      vitals: this.#vitals(),
    };
  }

  #draft(content: unknown, options: SendOptions) {
    return {
      senderId: options.senderId ?? applicationUserId,
      content: contentFromValue(content, this.#core.services.limits),
      type: options.type ?? 'text',
      clientMsgId: options.clientMsgId,
    };
  }
}
