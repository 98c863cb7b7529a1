/**
 * The id rule: ids are strings inside the hub. On the wire a user id made of up to 15 digits
 * without a leading zero is a JSON number and anything else a string, so `1` and `"1"` are the same
 * user, and clients that count their users with numbers get numbers back.
 *
 * What looks the same is the same: an id holds nothing that can't be seen, and is written in one way only.
 */
import { limits } from './limits.ts';

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

const plainAscii = /^[!-~]+$/;
/** Control, format (zero width, direction of writing), line and paragraph separators. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const outerSpace = /^\s|\s$/u;

/** What keeps a text from being an id, as the end of a sentence that begins with its key; undefined if nothing does. */
export function idProblem(id: string): string | undefined {
  const max = limits.idCharactersMax;
  if (id === '') return `is empty; it must have 1 to ${max} characters`;
  // A character is at most two units, so nothing is counted in what is far too long.
  if (id.length > 2 * max || (id.length > max && [...id].length > max)) return `is longer than ${max} characters`;
  if (plainAscii.test(id)) return undefined;
  // UTF-8 replaces it, and two ids would become one.
  if (!id.isWellFormed()) return 'holds half of a surrogate pair, which is no Unicode character';
  const character = unseen.exec(id)?.[0];
  if (character !== undefined) return `holds a character that can't be seen (${codePoint(character)})`;
  if (outerSpace.test(id)) return 'begins or ends with a space';
  if (id.normalize('NFC') !== id) return 'is not in Unicode normal form C (NFC)';
  return undefined;
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
