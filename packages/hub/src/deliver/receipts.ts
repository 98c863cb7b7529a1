import { userIdToWire } from '@parley/protocol';
import { eventPacket } from '../lib/event-packet.ts';
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { DeliveryReceipt, Store, UserState } from '../ports/store.ts';

export interface ReceiptPorts {
  readonly store: Pick<Store, 'states'>;
  /** Gives a live-only event to a user's connections, on whatever node. */
  readonly toUser: (userId: string, packet: OutgoingPacket) => unknown;
  /** What a user has chosen; undefined while offline. */
  readonly chosen: (userId: string) => UserState['state'] | undefined;
}

/**
 * Tells senders that asked for it, and that are connected, that their messages have arrived; but not if the recipient is invisible, or was
 * when it left, since the receipt would show that it is there. The history shows the delivery once the recipient can be seen again.
 */
export async function tellSenders(receipts: readonly DeliveryReceipt[], ports: ReceiptPorts): Promise<void> {
  const awaited = receipts.filter(({ senderId }) => ports.chosen(senderId) !== undefined);
  const isHidden = await hiddenAmong(new Set(awaited.map(({ recipientId }) => recipientId)), ports);
  for (const { messageId, seq, senderId, recipientId, deliveredAtMs } of awaited) {
    if (isHidden(recipientId)) continue;
    const packet = eventPacket('message_delivered', {
      message_id: String(messageId),
      seq,
      recipient_id: userIdToWire(recipientId),
      delivered_at: deliveredAtMs / 1000,
    });
    ports.toUser(senderId, packet);
  }
}

/** Where the state of a user can't be read, the user counts as hidden. */
async function hiddenAmong(userIds: ReadonlySet<string>, { store, chosen }: ReceiptPorts): Promise<(userId: string) => boolean> {
  const gone = [...userIds].filter((userId) => chosen(userId) === undefined);
  if (gone.length === 0) return (userId) => chosen(userId) === 'invisible';
  const hidden = await store.states(gone).then(
    (states) => new Set(states.filter(({ state }) => state === 'invisible').map(({ userId }) => userId)),
    () => new Set(gone),
  );
  return (userId) => (chosen(userId) ?? (hidden.has(userId) ? 'invisible' : 'online')) === 'invisible';
}
