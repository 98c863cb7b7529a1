import { sentView } from '../views.ts';
import type { Command } from './command.ts';

/** Stores a message in a room's timeline. Resolves when it is durable. Refusals: `not_member`, `room_not_found`. */
export const roomMessage: Command<'room_message'> = async ({ services, caller, payload, textOf }) => {
  const { store, clock, runningMs } = services;
  const appended = await store.append({
    kind: 'room',
    createdAtMs: clock.now(),
    storedAtMs: runningMs(),
    senderId: caller.userId,
    roomId: payload.room_id,
    content: textOf('content'),
    type: payload.type ?? 'text',
    clientMsgId: payload.client_msg_id,
    echo: payload.echo ?? true,
    membersOnly: caller.isApplication !== true,
  });
  return sentView(appended);
};
