import { HubError, type Sent, type SentToMany, toFailure, userIdFromWire, userIdToWire } from '@parley/protocol';
import type { AppendDirect } from '../../ports/store.ts';
import type { Services } from '../services.ts';
import { sentView } from '../views.ts';
import { type Command, fromWire } from './command.ts';

type Draft = Omit<AppendDirect, 'kind' | 'recipientId' | 'createdAtMs' | 'storedAtMs'>;

export const message: Command<'message'> = ({ services, caller, payload, textOf }) => {
  const draft = {
    senderId: caller.userId,
    content: textOf('content'),
    type: payload.type ?? 'text',
    clientMsgId: payload.client_msg_id,
    receipt: payload.receipt ?? false,
    trusted: caller.isApplication === true,
  };
  if (payload.recipient_ids === undefined) return send(services, draft, userIdFromWire(payload.recipient_id));
  return sendToMany(services, draft, [...new Set(fromWire(payload.recipient_ids))]);
};

/** Stores a direct message; its delivery follows from that. Resolves when it is durable. */
async function send({ store, clock, runningMs }: Services, draft: Draft, recipientId: string): Promise<Sent> {
  return sentView(await store.append({ kind: 'direct', createdAtMs: clock.now(), storedAtMs: runningMs(), ...draft, recipientId }));
}

async function sendToMany(services: Services, draft: Draft, recipientIds: readonly string[]): Promise<SentToMany> {
  const { messageBytesMax } = services.limits;
  const bytes = Buffer.byteLength(draft.content) * recipientIds.length;
  if (bytes > messageBytesMax) {
    const message = `content has ${bytes} bytes for all recipients together; ${messageBytesMax} are allowed. Send to fewer at once.`;
    throw new HubError('content_too_large', { message });
  }
  return { status: 'success', results: await Promise.all(recipientIds.map((recipientId) => sendOne(services, draft, recipientId))) };
}

/** One of several recipients: a refusal is its result and leaves the others alone. */
async function sendOne(services: Services, draft: Draft, recipientId: string): Promise<SentToMany['results'][number]> {
  const recipient_id = userIdToWire(recipientId);
  try {
    return { recipient_id, ...(await send(services, draft, recipientId)) };
  } catch (error) {
    if (error instanceof HubError) return { recipient_id, ...toFailure(error, 'message') };
    throw error;
  }
}
