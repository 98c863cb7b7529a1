/** Messages as rows, with a checksum over all that is delivered of them. A row whose checksum is wrong is damaged. */
import { crc32 } from 'node:zlib';
import { type LogEntry, placeOf, type StreamId } from '../../ports/store.ts';

/** The columns of `MessageRow`. */
export const messageColumns =
  'id, seq, sender_id AS "senderId", message_type AS type, content, created_at AS "createdAtMs", client_msg_id AS "clientMsgId", echo, checksum';

export interface MessageRow {
  readonly id: number;
  readonly seq: number;
  readonly senderId: string;
  readonly type: string;
  readonly content: string;
  readonly createdAtMs: number;
  readonly clientMsgId: string | null;
  readonly echo: boolean;
  readonly checksum: number;
}

/** What is known of a message before it is stored. */
export type Unnumbered = Omit<MessageRow, 'id' | 'seq' | 'checksum'> & { readonly stream: StreamId };

/** The server adds `id` and `seq` to this, which it alone knows, and has no checksums of its own before version 18. */
export function baseChecksum({ stream, senderId, type, content, createdAtMs, clientMsgId, echo }: Unnumbered): number {
  const clientId = clientMsgId === null ? '' : `${clientMsgId}\n`;
  return crc32(`${stream}\n${senderId}\n${type}\n${createdAtMs}\n${echo ? 1 : 0}\n${clientId}${content}`);
}

/** A row of a stream as it may leave the store. */
export function toEntry(stream: StreamId, { checksum, clientMsgId, ...row }: MessageRow): LogEntry {
  const { id, seq } = row;
  if (checksum !== baseChecksum({ ...row, stream, clientMsgId }) + id + seq) return { stream, seq, damaged: true };
  return { ...row, stream, clientMsgId: clientMsgId ?? undefined, ...placeOf(stream) };
}
