import { createHmac, timingSafeEqual } from 'node:crypto';

/** Proves that a text comes from somebody who knows the cluster's secret: whoever reaches the bus could otherwise send messages as anybody. */
export interface Seal {
  seal(text: string): string;
  /** The text that was sealed; undefined if this secret did not seal it. Never throws. */
  open(sealed: string): string | undefined;
}

/** HMAC-SHA256 in base64url. */
const macLength = 43;

export function sealWith(secret: string): Seal {
  const macOf = (text: string): string => createHmac('sha256', secret).update(text).digest('base64url');
  return {
    seal: (text) => macOf(text) + text,
    open(sealed) {
      const text = sealed.slice(macLength);
      return isSame(sealed.slice(0, macLength), macOf(text)) ? text : undefined;
    },
  };
}

function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** What a seal adds to a text. */
export const sealBytes = macLength;
