import { userIdToWire } from '@parley/protocol';
import { OutgoingPacket } from '../../lib/outgoing-packet.ts';
import { contentText } from '../content.ts';
import type { Services } from '../services.ts';
import { toSeconds } from '../views.ts';
import { type Command, fromWire } from './command.ts';

export interface Broadcast {
  readonly senderId: string;
  /** JSON text. */
  readonly content: string;
  readonly type: string;
  readonly exclude: ReadonlySet<string>;
}

/** Sends to every registered connection, and stores nothing. Returns how many users it went to. */
export function broadcastToAll({ directory, clock, random }: Services, { senderId, content, type, exclude }: Broadcast): number {
  const sender = JSON.stringify(userIdToWire(senderId));
  const packet = new OutgoingPacket(
    `2["broadcast",{"id":"live-${random.id()}","sender_id":${sender},"content":${content},` +
      `"type":${JSON.stringify(type)},"timestamp":${toSeconds(clock.now())}}]`,
  );
  const reached = new Set<string>();
  for (const { userId, reader } of directory.sessions()) {
    if (exclude.has(userId)) continue;
    reached.add(userId);
    reader.live(packet);
  }
  return reached.size;
}

export const broadcast: Command<'broadcast'> = ({ services, caller, payload, event }) => ({
  status: 'success',
  recipients: broadcastToAll(services, {
    senderId: caller.userId,
    content: contentText(event, 'content', services.limits),
    type: payload.type ?? 'text',
    exclude: new Set(fromWire(payload.exclude ?? [])),
  }),
});
