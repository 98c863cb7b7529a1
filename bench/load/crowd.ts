/** Many connections to one server: they connect, enter (register, join a room), and count what they get. */
import { pause, pooled, within } from '../lib/waiting.ts';
import { clientFrame } from './client-frame.ts';
import type { Dialect, Role } from './dialects.ts';
import { type Address, RawSocket } from './raw-socket.ts';

/** As many handshakes are under way at once: enough to keep a server busy, too few to look like an attack. */
const entriesAtOnce = 32;
const entryTimeoutMs = 60_000;
/** A server that is short of time says 503, and clients come again. */
const comeAgainMs = 50;
const attemptsMax = 200;

export interface CrowdEvents {
  readonly onDelivery?: (member: Member) => void;
  readonly onAcknowledged?: (member: Member) => void;
}

/** Frames that are sent often, made once. */
const pongFrame = clientFrame('3');

/** One connection that has entered, or is about to. */
export class Member {
  readonly role: Role;
  readonly #crowd: Crowd;
  readonly #entered = Promise.withResolvers<void>();
  readonly #socket: RawSocket;
  delivered = 0;
  acknowledged = 0;

  constructor(crowd: Crowd, role: Role) {
    this.role = role;
    this.#crowd = crowd;
    const { address, dialect } = crowd;
    this.#socket = new RawSocket(address, dialect.path(role), dialect.prefixes, {
      onOpen: () => {
        if (dialect.entersOnOpen) this.#entered.resolve();
      },
      onDelivery: () => {
        this.delivered += 1;
        crowd.events.onDelivery?.(this);
      },
      onAcknowledged: () => {
        this.acknowledged += 1;
        crowd.events.onAcknowledged?.(this);
      },
      onText: (text) => this.#onText(text),
      onEnd: (reason) => this.#fail(new Error(reason)),
    });
  }

  /** Resolves when the member has entered; rejects if it was not let in. */
  get entered(): Promise<void> {
    return this.#entered.promise;
  }

  send(frames: Buffer): void {
    this.#socket.send(frames);
  }

  leave(): void {
    this.#socket.destroy();
  }

  #onText(text: string): void {
    try {
      const answer = this.#crowd.dialect.answer(text, this.role);
      if (answer === 'entered') this.#entered.resolve();
      else if (answer !== 'ignore') this.#socket.send(answer.send === '3' ? pongFrame : clientFrame(answer.send));
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(error: Error): void {
    this.#entered.reject(error);
    this.#crowd.onTrouble(this, error);
  }
}

export class Crowd {
  readonly address: Address;
  readonly dialect: Dialect;
  readonly events: CrowdEvents;
  readonly #members = new Set<Member>();
  readonly #trouble = Promise.withResolvers<never>();
  /** How often a member was asked to come again. */
  refusals = 0;

  constructor(address: Address, dialect: Dialect, events: CrowdEvents = {}) {
    this.address = address;
    this.dialect = dialect;
    this.events = events;
    this.#trouble.promise.catch(() => {});
  }

  /** Resolves when all are in. */
  enter(roles: readonly Role[]): Promise<Member[]> {
    return within(
      pooled(roles, entriesAtOnce, (role) => this.#enterOne(role)),
      entryTimeoutMs,
      'not everybody could enter',
    );
  }

  /** `work`, unless a connection breaks or something is refused first, or it takes too long. */
  guard<T>(work: Promise<T>, timeoutMs: number, complaint: string): Promise<T> {
    return within(Promise.race([work, this.#trouble.promise]), timeoutMs, complaint);
  }

  leave(member: Member): void {
    this.#members.delete(member);
    member.leave();
  }

  leaveAll(): void {
    for (const member of this.#members) this.leave(member);
  }

  /** A member that has not entered reports to whoever waits for it. */
  onTrouble(member: Member, error: Error): void {
    if (this.#members.delete(member)) this.#trouble.reject(new Error(`user ${member.role.user}: ${error.message}`));
  }

  async #enterOne(role: Role): Promise<Member> {
    for (let attempt = 1; ; attempt++) {
      const member = new Member(this, role);
      try {
        await member.entered;
        this.#members.add(member);
        return member;
      } catch (error) {
        if (attempt === attemptsMax || !(error instanceof Error) || error.message !== 'HTTP 503') throw error;
        this.refusals += 1;
        await pause(comeAgainMs);
      }
    }
  }
}

/**
 * Makes the rooms of a system whose membership lasts, and everybody a member: each user comes, joins and leaves, so that no
 * member is there to be told of the others.
 */
export async function makeRooms(address: Address, dialect: Dialect, roles: readonly Role[]): Promise<void> {
  const { createRoom, join } = dialect;
  if (createRoom === undefined || join === undefined) return;
  const waiting = new Map<Member, () => void>();
  const crowd = new Crowd(address, dialect, { onAcknowledged: (member) => waiting.get(member)?.() });
  const ask = async (role: Role, text: string) => {
    const [member] = await crowd.enter([role]);
    if (member === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.set(member, resolve);
    member.send(clientFrame(text));
    await crowd.guard(promise, 20_000, 'no answer to a join');
    waiting.delete(member);
    crowd.leave(member);
  };
  const owners = new Map(roles.flatMap((role) => (role.room === undefined ? [] : [[role.room, role] as const])).reverse());
  await pooled([...owners], entriesAtOnce, ([room, owner]) => ask(owner, createRoom(room, roles.length + 1)));
  const others = roles.filter((role) => role.room !== undefined && owners.get(role.room) !== role);
  await pooled(others, entriesAtOnce, (role) => ask(role, join(role.room ?? 0)));
}
