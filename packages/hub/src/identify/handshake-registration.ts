/** Whom a handshake names, `io(url, { auth: { user_id, device_id?, ack?, state? } })`: the same fields as those of `register`. */
import { type CommandPayload, checkPayload, HubError, isPayloadOf, userIdFromWire } from '@parley/protocol';
import type { Identity } from '../ports/authenticator.ts';
import type { Handshake } from '../ports/connection.ts';

/**
 * The registration that the handshake asks for; undefined if a `register` is to follow. A user who is known from
 * credentials always registers, and can't name somebody else. Refusals: `invalid_payload`, `sender_mismatch`.
 */
export function handshakeRegistration(auth: Handshake['auth'], { userId }: Identity): CommandPayload<'register'> | undefined {
  if (userId === undefined && !Object.hasOwn(auth, 'user_id')) return undefined;
  const payload = userId === undefined ? auth : { user_id: userId, ...auth };
  if (!isPayloadOf('register', payload)) throw new HubError('invalid_payload', { message: `auth: ${checkPayload('register', payload)}.` });
  if (userId !== undefined && userIdFromWire(payload.user_id) !== userIdFromWire(userId)) throw new HubError('sender_mismatch');
  return payload;
}
