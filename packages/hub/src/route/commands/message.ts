import { HubError, toFailure, userIdFromWire, userIdToWire } from '@parley/protocol';
import type { Appended } from '../../ports/store.ts';
import { contentText } from '../content.ts';
import type { Services } from '../services.ts';
import { toSeconds } from '../views.ts';
import { type Command, fromWire } from './command.ts';

export interface DirectMessage {
  readonly senderId: string;
  readonly recipientId: string;
  /** JSON text. */
  readonly content: string;
  readonly type: string;
  readonly clientMsgId: string | undefined;
  readonly receipt: boolean;
}

/** Stores a direct message; its delivery follows from that. Resolves when it is durable. */
export function sendDirect({ store, clock, runningMs }: Services, message: DirectMessage): Promise<Appended> {
  return store.append({ kind: 'direct', createdAtMs: clock.now(), storedAtMs: runningMs(), ...message });
}

export const message: Command<'message'> = async ({ services, caller, payload, event }) => {
  const draft = {
    senderId: caller.userId,
    content: contentText(event, 'content', services.limits),
    type: payload.type ?? 'text',
    clientMsgId: payload.client_msg_id,
    receipt: payload.receipt ?? false,
  };
  if (payload.recipient_id !== undefined) {
    return sentView(await sendDirect(services, { ...draft, recipientId: userIdFromWire(payload.recipient_id) }));
  }
  const recipients = [...new Set(fromWire(payload.recipient_ids ?? []))];
  const results = await Promise.all(recipients.map((recipientId) => sendOne(services, { ...draft, recipientId })));
  return { status: 'success', results };
};

/** One of several recipients: a refusal is its result and leaves the others alone. */
async function sendOne(services: Services, message: DirectMessage): Promise<object> {
  const recipient_id = userIdToWire(message.recipientId);
  try {
    return { recipient_id, ...sentView(await sendDirect(services, message)) };
  } catch (error) {
    if (error instanceof HubError) return { recipient_id, ...toFailure(error, 'message') };
    throw error;
  }
}

export function sentView(appended: Appended) {
  return {
    status: 'success',
    message_id: String(appended.id),
    seq: appended.seq,
    timestamp: toSeconds(appended.createdAtMs),
    ...(appended.duplicate ? { duplicate: true } : {}),
  };
}
