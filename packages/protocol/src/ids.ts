/**
 * The id rule: ids are strings inside the hub. On the wire a user id made of up to 15 digits
 * without a leading zero is a JSON number and anything else a string, so `1` and `"1"` are the same
 * user, and clients that count their users with numbers get numbers back.
 */

/** 15 digits keep every such id below 2^53, where JSON numbers are exact in every language. */
const numericId = /^(?:0|[1-9][0-9]{0,14})$/;

export type WireUserId = string | number;

/** Who sends what the application sends in its own name. No client can be this user. */
export const applicationUserId = 'system';

export function userIdFromWire(id: WireUserId): string {
  return String(id);
}

export function userIdToWire(id: string): WireUserId {
  return numericId.test(id) ? Number(id) : id;
}
