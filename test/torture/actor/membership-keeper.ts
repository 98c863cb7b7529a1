/**
 * Brings a user's memberships to what is wanted, one `join_room` or `leave_room` at a time. One whose outcome is not known is
 * repeated until it is, so that what comes after it can rely on it.
 */
export interface KeeperPorts {
  /** Sends the event; `onReply` says whether it took effect. */
  readonly send: (operation: Operation, stream: number, onReply: (isDone: boolean) => void) => void;
  readonly onDone: (operation: Operation, stream: number) => void;
  /**
   * For so long after the connection ended, the hub may still carry out what was sent on it: a node that was stopped, while the client is at another
   * one already. Whoever wants to be sure of the outcome does not change their mind before.
   */
  readonly lateMs: number;
}

export type Operation = 'join' | 'leave';

interface Membership {
  wanted: boolean;
  isMember: boolean;
  /** Sent at least once. */
  underWay: Operation | undefined;
}

const retryMs = 200;

export class MembershipKeeper {
  readonly #ports: KeeperPorts;
  readonly #memberships = new Map<number, Membership>();
  #isConnected = false;
  #isAsking = false;
  #changesFromMs = 0;

  constructor(ports: KeeperPorts) {
    this.#ports = ports;
  }

  get isIdle(): boolean {
    return [...this.#memberships.values()].every(({ wanted, isMember, underWay }) => wanted === isMember && underWay === undefined);
  }

  isMember(stream: number): boolean {
    return this.#memberships.get(stream)?.isMember ?? false;
  }

  want(stream: number, wanted: boolean): void {
    const membership = this.#memberships.get(stream);
    if (membership === undefined) this.#memberships.set(stream, { wanted, isMember: false, underWay: undefined });
    else membership.wanted = wanted;
    this.#next();
  }

  connected(): void {
    this.#isConnected = true;
    this.#next();
  }

  disconnected(): void {
    this.#isConnected = false;
    if (this.#isAsking && this.#ports.lateMs > 0) this.#changesFromMs = performance.now() + this.#ports.lateMs;
    this.#isAsking = false;
  }

  #next(): void {
    if (!this.#isConnected || this.#isAsking) return;
    for (const [stream, membership] of this.#memberships) {
      if (membership.underWay === undefined && membership.wanted === membership.isMember) continue;
      if (membership.underWay === undefined && this.#mustWait()) continue;
      membership.underWay ??= membership.wanted ? 'join' : 'leave';
      this.#ask(stream, membership, membership.underWay);
      return;
    }
  }

  #mustWait(): boolean {
    const waitMs = this.#changesFromMs - performance.now();
    if (waitMs <= 0) return false;
    setTimeout(() => this.#next(), waitMs).unref();
    return true;
  }

  #ask(stream: number, membership: Membership, operation: Operation): void {
    this.#isAsking = true;
    this.#ports.send(operation, stream, (isDone) => {
      if (isDone) {
        membership.underWay = undefined;
        membership.isMember = operation === 'join';
        this.#ports.onDone(operation, stream);
      }
      setTimeout(
        () => {
          this.#isAsking = false;
          this.#next();
        },
        isDone ? 0 : retryMs,
      );
    });
  }
}
