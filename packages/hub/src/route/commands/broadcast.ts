import { userIdToWire } from '@parley/protocol';
import { eventPacketOfTexts } from '../../lib/event-packet.ts';
import { toSeconds } from '../views.ts';
import { type Command, fromWire, requireSure } from './command.ts';

/** To every registered connection; stored nowhere. */
export const broadcast: Command<'broadcast'> = ({ services, caller, payload, textOf }) => {
  const { live, random, clock } = services;
  requireSure(services);
  const packet = eventPacketOfTexts('broadcast', {
    id: JSON.stringify(`live-${random.id()}`),
    sender_id: JSON.stringify(userIdToWire(caller.userId)),
    content: textOf('content'),
    type: JSON.stringify(payload.type ?? 'text'),
    timestamp: String(toSeconds(clock.now())),
  });
  return { status: 'success', recipients: live.toAll(packet, new Set(fromWire(payload.exclude ?? []))) };
};
