import type { Appended } from '../../ports/store.ts';
import { contentText } from '../content.ts';
import type { Services } from '../services.ts';
import type { Command } from './command.ts';
import { sentView } from './message.ts';

export interface RoomMessage {
  readonly senderId: string;
  readonly roomId: string;
  /** JSON text. */
  readonly content: string;
  readonly type: string;
  readonly clientMsgId: string | undefined;
  /** Whether the sender's own connections get it too. */
  readonly echo: boolean;
  /** False for the application itself, which need not be a member. */
  readonly membersOnly: boolean;
}

/** Stores a message in a room's timeline. Resolves when it is durable. Refusals: `not_member`, `room_not_found`. */
export function sendToRoom({ store, clock, runningMs }: Services, message: RoomMessage): Promise<Appended> {
  return store.append({ kind: 'room', createdAtMs: clock.now(), storedAtMs: runningMs(), ...message });
}

export const roomMessage: Command<'room_message'> = async ({ services, caller, payload, event }) =>
  sentView(
    await sendToRoom(services, {
      senderId: caller.userId,
      roomId: payload.room_id,
      content: contentText(event, 'content', services.limits),
      type: payload.type ?? 'text',
      clientMsgId: payload.client_msg_id,
      echo: payload.echo ?? true,
      membersOnly: true,
    }),
  );
