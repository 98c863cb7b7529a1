/**
 * Finds the text of one value inside the JSON text of an event, so that a message's content travels
 * through the hub as the bytes that came: checked, but neither rebuilt nor parsed again.
 *
 * One pass from left to right, without recursion, over text that `JSON.parse` has accepted; on such text every
 * loop below ends at a bracket or a quote that is known to be there. Strings are skipped with `indexOf`.
 */

export interface JsonSpan {
  /** The value, byte for byte, without the white space around it. */
  readonly text: string;
  /** Levels of arrays and objects: 0 for a string or a number, 1 for `[]`, 2 for `{"a":[]}`. */
  readonly depth: number;
  /**
   * False if the text holds half of a surrogate pair, raw or as an escape such as `\ud800`. UTF-8 has no bytes
   * for it, so stores and other languages would replace it or fail.
   */
  readonly wellFormed: boolean;
}

const tab = 9;
const lineFeed = 10;
const carriageReturn = 13;
const space = 32;
const quote = 34;
const comma = 44;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

/**
 * The value of `key` in the payload of an event, `["name",{…,"content":<this>,…},…]`. If the key is there twice, the
 * last one counts, as in `JSON.parse`. `undefined`: the payload is no object, or has no such key.
 */
export function contentOf(eventText: string, key: string): JsonSpan | undefined {
  let at = payloadStart(eventText);
  if (eventText.charCodeAt(at) !== openBrace) return undefined;

  let found: { start: number; end: number; depth: number } | undefined;
  at = skipSpace(eventText, at + 1);
  while (eventText.charCodeAt(at) === quote) {
    const keyEnd = stringEnd(eventText, at);
    const isWanted = isKey(eventText.slice(at + 1, keyEnd - 1), key);
    const colon = skipSpace(eventText, keyEnd);
    const start = skipSpace(eventText, colon + 1);
    const { end, depth } = valueEnd(eventText, start);
    if (isWanted) found = { start, end, depth };
    at = skipSpace(eventText, end);
    if (eventText.charCodeAt(at) === comma) at = skipSpace(eventText, at + 1);
  }
  if (found === undefined) return undefined;

  const text = eventText.slice(found.start, found.end);
  return { text, depth: found.depth, wellFormed: isWellFormedJson(text) };
}

/** True if no string in this JSON text has half of a surrogate pair, raw or escaped. */
export function isWellFormedJson(json: string): boolean {
  if (!json.isWellFormed()) return false;
  if (!json.includes('\\u')) return true;

  let isHighPending = false;
  let pendingEnd = 0;
  for (let at = json.indexOf('\\'); at !== -1; ) {
    const code = json[at + 1] === 'u' ? Number.parseInt(json.slice(at + 2, at + 6), 16) : 0;
    const isLow = code >= 0xdc00 && code <= 0xdfff;
    // A low half needs a high half right before it, and a high half nothing else right behind it.
    if (isLow !== (isHighPending && pendingEnd === at)) return false;
    if (isHighPending && !isLow) return false;
    isHighPending = code >= 0xd800 && code <= 0xdbff;
    pendingEnd = at + 6;
    // Both characters of an escape are skipped, so that the second of two backslashes starts none.
    at = json.indexOf('\\', at + 2);
  }
  return !isHighPending;
}

/** Where the second element of the array starts; beyond the text if there is none. */
function payloadStart(text: string): number {
  const name = skipSpace(text, text.indexOf('[') + 1);
  if (text.charCodeAt(name) !== quote) return text.length;
  const afterName = skipSpace(text, stringEnd(text, name));
  return text.charCodeAt(afterName) === comma ? skipSpace(text, afterName + 1) : text.length;
}

function isKey(raw: string, key: string): boolean {
  return raw.includes('\\') ? JSON.parse(`"${raw}"`) === key : raw === key;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === space || code === lineFeed || code === carriageReturn || code === tab;
}

/** The index after the closing quote of the string that starts at `start`. */
function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let first = at;
    while (text.charCodeAt(first - 1) === backslash) first--;
    // A quote is escaped by an odd number of backslashes before it.
    if ((at - first) % 2 === 0) return at + 1;
  }
  return text.length;
}

function valueEnd(text: string, start: number): { end: number; depth: number } {
  const first = text.charCodeAt(start);
  if (first === quote) return { end: stringEnd(text, start), depth: 0 };
  if (first === openBrace || first === openBracket) return containerEnd(text, start);
  let at = start;
  while (at < text.length && !isScalarEnd(text.charCodeAt(at))) at++;
  return { end: at, depth: 0 };
}

function isScalarEnd(code: number): boolean {
  return code === comma || code === closeBrace || code === closeBracket || isSpace(code);
}

function containerEnd(text: string, start: number): { end: number; depth: number } {
  let open = 0;
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = stringEnd(text, at) - 1;
        break;
      case openBrace:
      case openBracket:
        open++;
        if (open > depth) depth = open;
        break;
      case closeBrace:
      case closeBracket:
        open--;
        if (open === 0) return { end: at + 1, depth };
    }
  }
  return { end: text.length, depth };
}
