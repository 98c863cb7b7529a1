/** Content on its way in: checked against the limits, and otherwise left as the bytes that came. */
import { contentOf, HubError } from '@parley/protocol';
import type { InboundEvent } from '../ports/connection.ts';
import type { CommandLimits } from './services.ts';

/**
 * The JSON text of `key` in the event's payload, `null` if the payload has no such key.
 * Errors: `content_too_large`, `content_too_deep`, `invalid_payload` for binary content and broken Unicode.
 */
export function contentText(event: InboundEvent, key: 'content' | 'data', limits: CommandLimits): string {
  if (event.text === undefined) {
    throw new HubError('invalid_payload', { message: `${key} can't hold binary data. Send it as a base64 string, or send a link.` });
  }
  const span = contentOf(event.text, key);
  if (span === undefined) return 'null';
  checkContent(span, key, limits);
  return span.text;
}

/** The JSON text of a value that the application itself sends. The same limits hold. */
export function contentFromValue(value: unknown, key: 'content' | 'data', limits: CommandLimits): string {
  const text = jsonTextOf(value);
  if (text === undefined) throw new HubError('invalid_payload', { message: `${key} must be a value that JSON can hold.` });
  const span = contentOf(`["",{"${key}":${text}}]`, key);
  if (span !== undefined) checkContent(span, key, limits);
  return text;
}

/** Undefined for what JSON has no form for, such as functions, cycles and large integers. */
function jsonTextOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function checkContent(span: { text: string; depth: number; wellFormed: boolean }, key: string, limits: CommandLimits): void {
  if (span.depth > limits.contentDepthMax) {
    throw new HubError('content_too_deep', {
      message: `${key} is nested ${span.depth} levels deep; ${limits.contentDepthMax} are allowed. Flatten it.`,
    });
  }
  if (!span.wellFormed) {
    throw new HubError('invalid_payload', { message: `${key} holds half of a Unicode surrogate pair. Send well-formed text.` });
  }
  // Most content is short, and a UTF-16 unit takes at most three bytes of UTF-8.
  if (span.text.length * 3 <= limits.contentBytesMax) return;
  const bytes = Buffer.byteLength(span.text);
  if (bytes > limits.contentBytesMax) {
    throw new HubError('content_too_large', {
      message: `${key} has ${bytes} bytes; ${limits.contentBytesMax} are allowed. Send a link to it, or split it.`,
    });
  }
}
