import { HubError, userIdFromWire, userIdToWire } from '@parley/protocol';
import { OutgoingPacket } from '../../lib/outgoing-packet.ts';
import { timelineOf } from '../../ports/store.ts';
import { contentText } from '../content.ts';
import type { Services } from '../services.ts';
import { toSeconds } from '../views.ts';
import type { Command } from './command.ts';

export interface Signal {
  readonly senderId: string;
  readonly to: { readonly userId: string } | { readonly roomId: string };
  readonly kind: string;
  /** JSON text. */
  readonly data: string | undefined;
}

/**
 * Live only and stored nowhere: typing marks, cursors, game moves. The sender's own connections get none.
 * Returns how many users it went to.
 */
export function sendSignal({ directory, streams, clock }: Services, { senderId, to, kind, data }: Signal): number {
  const place = 'roomId' in to ? `"room_id":${JSON.stringify(to.roomId)},` : '';
  const packet = new OutgoingPacket(
    `2["signal",{"sender_id":${JSON.stringify(userIdToWire(senderId))},${place}"kind":${JSON.stringify(kind)},` +
      `${data === undefined ? '' : `"data":${data},`}"timestamp":${toSeconds(clock.now())}}]`,
  );
  const readers =
    'roomId' in to ? streams.readers(timelineOf(to.roomId)) : directory.sessionsOf(to.userId).map((session) => session.reader);
  const reached = new Set<string>();
  for (const reader of readers) {
    if (reader.userId === senderId) continue;
    reached.add(reader.userId);
    reader.live(packet);
  }
  return reached.size;
}

export const signal: Command<'signal'> = ({ services, caller, payload, event }) => {
  const roomId = payload.room_id;
  if (roomId !== undefined && !services.directory.roomsOf(caller.userId).has(roomId)) throw new HubError('not_member');
  const recipients = sendSignal(services, {
    senderId: caller.userId,
    to: roomId === undefined ? { userId: userIdFromWire(payload.recipient_id ?? '') } : { roomId },
    kind: payload.kind,
    data: payload.data === undefined ? undefined : contentText(event, 'data', services.limits),
  });
  return { status: 'success', recipients };
};
