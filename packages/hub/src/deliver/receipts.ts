import { userIdToWire } from '@parley/protocol';
import type { Session } from '../ports/session.ts';
import type { DeliveryReceipt } from '../ports/store.ts';
import { eventPacket } from './packets.ts';

/** Tells the senders that asked for it, as far as they are here, that their messages have arrived. */
export function tellSenders(receipts: readonly DeliveryReceipt[], sessionsOf: (userId: string) => readonly Session[]): void {
  for (const { messageId, seq, senderId, recipientId, deliveredAtMs } of receipts) {
    const packet = eventPacket('message_delivered', {
      ...{ message_id: String(messageId), seq, recipient_id: userIdToWire(recipientId), delivered_at: deliveredAtMs / 1000 },
    });
    for (const { reader } of sessionsOf(senderId)) reader.live(packet);
  }
}
