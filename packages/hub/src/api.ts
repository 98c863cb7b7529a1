/**
 * The hub for the application that embeds it, and for the HTTP routes: everything a client can do, without a connection. Each call goes
 * the way of a client's command, so it takes the keys of the wire, is held to the same limits, resolves with the reply that a client would get,
 * and rejects with the same `HubError`s. What only members may see or do, the application may too.
 */
import {
  applicationUserId,
  type CommandPayload,
  limits,
  type ReplyTo,
  type RoomView,
  type Sent,
  type SentToMany,
  userIdFromWire,
  userIdToWire,
  type WireUserId,
} from '@parley/protocol';
import type { Core } from './core.ts';
import { checkedPage, type RoomsPage, type Stats } from './http/schemas.ts';
import { statsView } from './http/stats-view.ts';
import type { StrangerStats, Vitals } from './ports/stats.ts';
import { operate, type RoutedName } from './route/router.ts';
import { roomView } from './route/views.ts';

/** How a message from the application looks to its receivers. */
export interface SendOptions {
  /** `system` if absent. */
  readonly sender_id?: WireUserId;
  /** `text` if absent. */
  readonly type?: string;
}

export interface DurableSendOptions extends SendOptions {
  /** Makes a repetition of this send answer with the first result. */
  readonly client_msg_id?: string;
}

/** As `create_room`, with the user who becomes owner and first member. */
export type NewRoom = Pick<CommandPayload<'create_room'>, 'room_id' | 'room_name' | 'is_private' | 'max_members'> & {
  readonly created_by: WireUserId;
};

export interface RoomsQuery {
  /** The id of the last room that was seen. */
  readonly after?: string | undefined;
  /** 100 if absent, at most 500. */
  readonly limit?: number | undefined;
  /** True if absent. */
  readonly include_private?: boolean;
}

export type SignalOptions = Pick<CommandPayload<'signal'>, 'sender_id' | 'data'>;

/** What only the edges of the hub know. */
interface StatsSources {
  readonly vitals: () => Vitals;
  readonly strangers: () => StrangerStats;
}

export class HubApi {
  readonly #core: Core;
  readonly #sources: StatsSources;
  readonly #startedMs: number;

  constructor(core: Core, sources: StatsSources) {
    this.#core = core;
    this.#sources = sources;
    this.#startedMs = core.services.clock.monotonic();
  }

  /** A direct message, durable when the promise resolves. Refusal: `queue_full`. */
  async sendToUser(recipient_id: WireUserId, content: unknown, options: DurableSendOptions = {}): Promise<Sent> {
    const reply = await this.#as('message', options.sender_id, { ...options, recipient_id, content });
    if ('results' in reply) throw new TypeError('one recipient has several results');
    return reply;
  }

  /** The same direct message to up to 1,000 users; one refusal leaves the others alone. */
  async sendToUsers(recipient_ids: readonly WireUserId[], content: unknown, options: DurableSendOptions = {}): Promise<SentToMany> {
    const reply = await this.#as('message', options.sender_id, { ...options, recipient_ids, content });
    if (!('results' in reply)) throw new TypeError('several recipients have one result');
    return reply;
  }

  /** A room message, durable when the promise resolves. The sender need not be a member. Refusal: `room_not_found`. */
  sendToRoom(room_id: string, content: unknown, options: DurableSendOptions = {}): Promise<Sent> {
    return this.#as('room_message', options.sender_id, { ...options, room_id, content });
  }

  /** Live only, to every registered connection. */
  broadcast(content: unknown, options: SendOptions & { readonly exclude?: readonly WireUserId[] } = {}): Promise<ReplyTo<'broadcast'>> {
    return this.#as('broadcast', options.sender_id, { ...options, content });
  }

  /** Live only, to the connections of a user or of a room's members. */
  signal(
    to: { readonly recipient_id: WireUserId } | { readonly room_id: string },
    kind: string,
    options: SignalOptions = {},
  ): Promise<ReplyTo<'signal'>> {
    return this.#as('signal', options.sender_id, { ...options, ...to, kind });
  }

  /** Refusals: `room_exists`, `too_many_rooms`. */
  createRoom({ created_by, ...room }: NewRoom): Promise<ReplyTo<'create_room'>> {
    return this.#as('create_room', created_by, { ...room, user_id: created_by });
  }

  /** Its messages are never seen again, and its id is free. Refusal: `room_not_found`. */
  deleteRoom(room_id: string): Promise<ReplyTo<'delete_room'>> {
    return this.#as('delete_room', undefined, { room_id });
  }

  /** Adds a user to a room, a private one too; it is success if it is a member already. Refusals: `room_not_found`, `room_full`, `too_many_rooms`. */
  addMember(room_id: string, user_id: WireUserId): Promise<ReplyTo<'join_room'>> {
    return this.#as('join_room', user_id, { room_id, user_id });
  }

  /** The user gets nothing more of the room. Refusals: `room_not_found`, `not_member`. */
  removeMember(room_id: string, user_id: WireUserId): Promise<ReplyTo<'leave_room'>> {
    return this.#as('leave_room', user_id, { room_id, user_id });
  }

  async room(room_id: string): Promise<RoomView | undefined> {
    const found = await this.#core.services.store.room(room_id);
    return found && roomView(found);
  }

  /** A page of rooms in the order of creation. Refusal: `invalid_payload` if there is no room `after`. */
  async rooms({ include_private = true, ...page }: RoomsQuery = {}): Promise<RoomsPage> {
    const { after, limit = limits.pageLimitDefault } = checkedPage(page);
    const found = await this.#core.services.store.rooms({ after, limit, includePrivate: include_private });
    return { rooms: found.rooms.map(roomView), count: found.count, has_more: found.hasMore };
  }

  /** A page of members in the order of joining. Refusals: `room_not_found`; `invalid_payload` if `after` is no member. */
  members(room_id: string, page: Pick<CommandPayload<'members'>, 'after' | 'limit'> = {}): Promise<ReplyTo<'members'>> {
    return this.#as('members', undefined, { ...page, room_id });
  }

  /** A page of a room or of a conversation, as this user sees it. Refusals: `room_not_found`, `not_member`. */
  history(reader: WireUserId, query: CommandPayload<'history'>): Promise<ReplyTo<'history'>> {
    return this.#as('history', reader, { ...query, sender_id: reader });
  }

  /** What others see of these users, or of a page of a room's members. */
  presence(query: Pick<CommandPayload<'presence'>, 'user_ids' | 'room_id' | 'after' | 'limit'>): Promise<ReplyTo<'presence'>> {
    return this.#as('presence', undefined, query);
  }

  /** Sets what a user who is online has chosen to show. Undefined, and nothing is set, if the user is offline. */
  async setState(user_id: WireUserId, state: Pick<CommandPayload<'set_state'>, 'state' | 'status_text'>) {
    if (this.#core.fanout.presence.chosen(userIdFromWire(user_id)) === undefined) return undefined;
    return this.#as('set_state', user_id, { ...state, user_id });
  }

  /** Everybody who is connected, the invisible too. */
  onlineUsers(): WireUserId[] {
    return Array.from(this.#core.fanout.presence.users(), userIdToWire);
  }

  /** Closes all connections of a user, on whatever node; stock clients do not come back by themselves. Returns how many. */
  disconnectUser(user_id: WireUserId): number {
    return this.#core.disconnectUser(userIdFromWire(user_id));
  }

  /** Users are those of all nodes, everything else is this node's. `visible_only`: without users who are invisible, and without private rooms. */
  async stats({ visible_only = false }: { readonly visible_only?: boolean } = {}): Promise<Stats> {
    const { pool, fanout, slowReaders, services } = this.#core;
    const { store, clock } = services;
    const { presence } = fanout;
    const [counts, shown] = await Promise.all([store.counts(), store.rooms({ after: undefined, limit: 1, includePrivate: !visible_only })]);
    const userIds = [...(visible_only ? presence.online() : presence.users())];
    const users = userIds.map((userId) => ({ userId, connections: presence.connections(userId) }));
    return statsView({
      uptimeMs: clock.monotonic() - this.#startedMs,
      pool: pool.stats(users.map(({ connections }) => connections)),
      users,
      store: { ...counts, rooms: shown.count },
      liveDropped: slowReaders.liveDropped,
      slowClosed: slowReaders.closed,
      strangers: this.#sources.strangers(),
      vitals: this.#sources.vitals(),
    });
  }

  async #as<Name extends RoutedName>(name: Name, userId: WireUserId | undefined, payload: object): Promise<ReplyTo<Name>> {
    try {
      return await operate(this.#core.services, name, userIdFromWire(userId ?? applicationUserId), payload);
    } catch (error) {
      throw this.#core.told(error, name);
    }
  }
}
