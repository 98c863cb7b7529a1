/**
 * Who was in which room when, as far as a client can know it. The `seq` of a join or a leave is not sent to clients, so a stay
 * has bounds: what was sent after `joined` came belongs to it, what was sent after `left` came does not.
 */
export interface Stay {
  /** The highest `seq` known when the join was sent: what is at or below it was there before the member. */
  readonly seqFloor: number;
  /** Numbers of events; undefined if it has not happened. */
  joinedAt: number | undefined;
  leaveSentAt: number | undefined;
  leftAt: number | undefined;
  /** The connection that was told `left`: nothing of the room follows there. */
  leftConnection: number | undefined;
}

interface Membership {
  readonly stays: Stay[];
  /** Changes whenever a gap in what the member gets may have a reason. */
  epoch: number;
}

export class Memberships {
  readonly #memberships = new Map<string, Membership>();

  joinSent(user: number, stream: number, seqFloor: number): void {
    const membership = this.#of(user, stream);
    membership.epoch += 1;
    const last = membership.stays.at(-1);
    // A repeated join, after one of which the outcome is not known.
    if (last !== undefined && last.leftAt === undefined) return;
    membership.stays.push({ seqFloor, joinedAt: undefined, leaveSentAt: undefined, leftAt: undefined, leftConnection: undefined });
  }

  joined(user: number, stream: number, at: number): void {
    const membership = this.#of(user, stream);
    membership.epoch += 1;
    const last = membership.stays.at(-1);
    if (last !== undefined) last.joinedAt ??= at;
  }

  leaveSent(user: number, stream: number, at: number): void {
    const membership = this.#of(user, stream);
    membership.epoch += 1;
    const last = membership.stays.at(-1);
    if (last !== undefined) last.leaveSentAt ??= at;
  }

  left(user: number, stream: number, at: number, connection: number): void {
    const membership = this.#of(user, stream);
    membership.epoch += 1;
    const last = membership.stays.at(-1);
    if (last === undefined) return;
    last.leaveSentAt ??= at;
    last.leftAt ??= at;
    last.leftConnection = connection;
  }

  epoch(user: number, stream: number): number {
    return this.#memberships.get(key(user, stream))?.epoch ?? 0;
  }

  stays(user: number, stream: number): readonly Stay[] {
    return this.#memberships.get(key(user, stream))?.stays ?? [];
  }

  /** The stay of a user who is surely a member now. */
  current(user: number, stream: number): Stay | undefined {
    const last = this.stays(user, stream).at(-1);
    return last?.joinedAt === undefined || last.leaveSentAt !== undefined ? undefined : last;
  }

  #of(user: number, stream: number): Membership {
    const known = this.#memberships.get(key(user, stream));
    if (known !== undefined) return known;
    const made: Membership = { stays: [], epoch: 0 };
    this.#memberships.set(key(user, stream), made);
    return made;
  }
}

const key = (user: number, stream: number): string => `${user} ${stream}`;
