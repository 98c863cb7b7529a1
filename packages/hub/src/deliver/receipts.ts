import { userIdToWire } from '@parley/protocol';
import { eventPacket } from '../lib/event-packet.ts';
import type { Session } from '../ports/session.ts';
import type { DeliveryReceipt } from '../ports/store.ts';

export interface ReceiptPorts {
  /** The sessions of a user who is here. */
  readonly sessionsOf: (userId: string) => readonly Session[];
  readonly isVisible: (userId: string) => boolean;
}

/**
 * Tells the senders that asked for it, as far as they are here, that their messages have arrived. Not if the recipient is invisible: the
 * sender would know by it that the recipient is there. History shows the delivery once the recipient can be seen again.
 */
export function tellSenders(receipts: readonly DeliveryReceipt[], { sessionsOf, isVisible }: ReceiptPorts): void {
  for (const { messageId, seq, senderId, recipientId, deliveredAtMs } of receipts) {
    if (!isVisible(recipientId)) continue;
    const packet = eventPacket('message_delivered', {
      ...{ message_id: String(messageId), seq, recipient_id: userIdToWire(recipientId), delivered_at: deliveredAtMs / 1000 },
    });
    for (const { reader } of sessionsOf(senderId)) reader.live(packet);
  }
}
