import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';

/** Why there is no body. `aborted`: the peer is gone, and no answer will reach it. `unwanted`: the reader was stopped. */
export type BodyRefusal = 'aborted' | 'unwanted' | 'malformed' | 'packet_too_large' | 'unsupported_encoding';

/** How much of a body that is too large is read and thrown away, so that its sender gets to read the answer. */
const discardedBodies = 8;

export interface BodyReader {
  /** So much has come and is held. */
  onBytes(bytes: number): void;
  /** Called once. */
  onDone(body: { readonly text: string } | BodyRefusal): void;
}

/**
 * Reads a request's body as UTF-8 text, whatever its Content-Type. A refusal is told as
 * soon as it is certain, before the rest has come. At most `bytesMax` are ever held, and nothing once the returned function was called.
 */
export function readBody(req: IncomingMessage, bytesMax: number, reader: BodyReader): () => void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isDone = false;
  const finish = (body: { readonly text: string } | BodyRefusal) => {
    if (isDone) return;
    isDone = true;
    chunks.length = 0;
    reader.onDone(body);
  };
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bytesMax * discardedBodies) req.destroy();
    else if (bytes > bytesMax) finish('packet_too_large');
    else if (!isDone) {
      chunks.push(chunk);
      reader.onBytes(bytes);
    }
  });
  req.on('end', () => {
    const body = Buffer.concat(chunks);
    finish(isUtf8(body) ? { text: body.toString() } : 'malformed');
  });
  req.on('close', () => finish('aborted'));

  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') finish('unsupported_encoding');
  else if (Number(req.headers['content-length']) > bytesMax) finish('packet_too_large');
  return () => finish('unwanted');
}

/** Reads a body and throws it away, so that its sender gets to read the answer; of one that is too large not all of it. */
export function discardBody(req: IncomingMessage, bytesMax: number): void {
  let bytes = 0;
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bytesMax * discardedBodies) req.destroy();
  });
  req.resume();
}
