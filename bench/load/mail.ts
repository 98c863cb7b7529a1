/**
 * Durable direct messages through one system, as its clients see it: what the scenarios on inboxes need of Parley, a
 * broker or a database alike.
 */
import { clientFrame } from './client-frame.ts';
import { Crowd, type Member } from './crowd.ts';
import { counting, type Dialect } from './dialects.ts';
import type { Address } from './raw-socket.ts';

export interface MailEvents {
  /** The system has said that a message of this sender is safe. In the order of `send`. */
  readonly onAcknowledged: (sender: number) => void;
  /** A message has come to this inbox. In the order in which it was sent. */
  readonly onDelivered: (inbox: number) => void;
}

export interface Mail {
  /** Makes the inboxes 0, 1, … where they have to be made before somebody can write to them. Nobody reads them yet. */
  makeInboxes(count: number): Promise<void>;
  /** Brings the owner of an inbox online: what waits is delivered, and confirmed as the system wants it. */
  read(inbox: number): Promise<void>;
  /** Brings senders online; sender n writes to inbox n, or all to one. */
  connectSenders(count: number, to: 'own inbox' | number): Promise<void>;
  send(sender: number): void;
  /** Rejects if the system fails while `work` runs, or if it takes longer. */
  guard<T>(work: Promise<T>, timeoutMs: number, complaint: string): Promise<T>;
  close(): Promise<void>;
}

export type OpenMail = (address: Address, events: MailEvents) => Promise<Mail>;

/** Users of senders begin at 1, those of inboxes here. */
const firstInboxUser = 1_000_001;

/** Over WebSockets of the load generator. */
export function rawMail(dialect: Dialect): OpenMail {
  return async (address, events) => {
    const senders: Member[] = [];
    const frames: Buffer[] = [];
    const crowd = new Crowd(address, counting(dialect, 'direct'), {
      onAcknowledged: ({ role }) => events.onAcknowledged(role.user - 1),
      onDelivery: ({ role }) => events.onDelivered(role.user - firstInboxUser),
    });
    return {
      makeInboxes: async () => {},
      async read(inbox) {
        await crowd.enter([{ user: firstInboxUser + inbox, room: undefined }]);
      },
      async connectSenders(count, to) {
        const roles = Array.from({ length: count }, (_, sender) => ({ user: sender + 1, room: undefined }));
        for (const { user } of roles) {
          frames.push(clientFrame(dialect.directMessage(firstInboxUser + (to === 'own inbox' ? user - 1 : to))));
        }
        senders.push(...(await crowd.enter(roles)));
      },
      send(sender) {
        const frame = frames[sender];
        if (frame !== undefined) senders[sender]?.send(frame);
      },
      guard: (work, timeoutMs, complaint) => crowd.guard(work, timeoutMs, complaint),
      close: async () => crowd.leaveAll(),
    };
  };
}

/** A server that answers whoever writes: a sender's own connection is its inbox, and the echo is the acknowledgement too. */
export function echoMail(dialect: Dialect): OpenMail {
  return async (address, events) => {
    const senders: Member[] = [];
    const frame = clientFrame(dialect.directMessage(0));
    const crowd = new Crowd(address, dialect, {
      onDelivery: ({ role }) => {
        events.onDelivered(role.user - 1);
        events.onAcknowledged(role.user - 1);
      },
    });
    return {
      makeInboxes: async () => {},
      read: async () => {},
      async connectSenders(count) {
        senders.push(...(await crowd.enter(Array.from({ length: count }, (_, sender) => ({ user: sender + 1, room: undefined })))));
      },
      send: (sender) => senders[sender]?.send(frame),
      guard: (work, timeoutMs, complaint) => crowd.guard(work, timeoutMs, complaint),
      close: async () => crowd.leaveAll(),
    };
  };
}
