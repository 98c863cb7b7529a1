/**
 * Messages as rows, with a checksum over all that is delivered of them. A row whose checksum is wrong is damaged, and nothing
 * of it leaves the store. A row without one is older than checksums: of it only the JSON can be checked.
 */
import { crc32 } from 'node:zlib';
import type { StreamId } from '../../../ports/store.ts';
import type { PackedDamage, PackedMessage } from '../thread/calls.ts';

/** In the order of `PackedMessage`. */
export const messageColumns = 'id, seq, sender_id, message_type, content, created_at, client_msg_id, echo, checksum';

/** A row as SQLite gives it, which in a damaged file may be anything. */
export type MessageRow = readonly unknown[];

/** What the checksum covers. */
export interface Checked {
  readonly stream: StreamId;
  readonly id: number;
  readonly seq: number;
  readonly senderId: string;
  readonly type: string;
  readonly content: string;
  readonly createdAtMs: number;
  readonly clientMsgId: string | null;
  readonly echo: number;
}

/** In one text, because each call of the CRC costs more than its input. */
export function checksumOf({ stream, id, seq, senderId, type, content, createdAtMs, clientMsgId, echo }: Checked): number {
  const clientId = clientMsgId === null ? '' : `${clientMsgId}\n`;
  return crc32(`${stream}\n${id}\n${seq}\n${senderId}\n${type}\n${createdAtMs}\n${echo}\n${clientId}${content}`);
}

/** The row as it may leave the store; its place only, if it is not what was stored at `seq`. */
export function verified(stream: StreamId, seq: number, row: MessageRow): PackedMessage | PackedDamage {
  return isMessage(row) && row[1] === seq && isWhatWasStored(stream, row) ? row : [seq];
}

function isMessage(row: MessageRow): row is PackedMessage {
  const [id, seq, senderId, type, content, createdAt, clientMsgId, echo, checksum] = row;
  return (
    typeof id === 'number' &&
    typeof seq === 'number' &&
    typeof senderId === 'string' &&
    typeof type === 'string' &&
    typeof content === 'string' &&
    typeof createdAt === 'number' &&
    (typeof clientMsgId === 'string' || clientMsgId === null) &&
    (echo === 0 || echo === 1) &&
    (typeof checksum === 'number' || checksum === null)
  );
}

function isWhatWasStored(stream: StreamId, row: PackedMessage): boolean {
  const [id, seq, senderId, type, content, createdAtMs, clientMsgId, echo, checksum] = row;
  if (checksum === null) return isJson(content);
  return checksum === checksumOf({ stream, id, seq, senderId, type, content, createdAtMs, clientMsgId, echo });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
