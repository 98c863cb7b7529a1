/**
 * Texts that are larger than what the bus carries at once, in pieces. A text of which a piece is lost is lost.
 *
 *     [1,"p",node,serial,index,count]\n<piece>
 */
import type { NodeId } from '../ports/shared-store.ts';
import { frameVersion } from './frames.ts';

const pieceLineBytesMax = 100;
/** Of UTF-16: what one unit of it takes in UTF-8 at most. */
const bytesPerUnitMax = 3;

/** The text itself if it has at most so many bytes, else its pieces. */
export function inPieces(text: string, node: NodeId, serial: number, bytesMax: number): readonly string[] {
  const bytes = Buffer.byteLength(text);
  if (bytes <= bytesMax) return [text];
  const room = Math.max(1, bytesMax - pieceLineBytesMax);
  const unitsMax = Math.max(2, bytes === text.length ? room : Math.floor(room / bytesPerUnitMax));
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = endOfPiece(text, start + unitsMax);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces.map((piece, index) => `${JSON.stringify([frameVersion, 'p', node, serial, index, pieces.length])}\n${piece}`);
}

/** Half of a pair of surrogates has no form in UTF-8. */
function endOfPiece(text: string, end: number): number {
  const last = text.charCodeAt(end - 1);
  return last >= 0xd800 && last <= 0xdbff ? end - 1 : end;
}

interface Incomplete {
  readonly pieces: (string | undefined)[];
  missing: number;
}

/** Puts texts together again. */
export class Pieces {
  /** The oldest first. */
  readonly #incomplete = new Map<string, Incomplete>();
  readonly #charactersMax: number;
  #characters = 0;

  /** Above `charactersMax` in texts that are not complete yet, the oldest are given up. */
  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
  }

  /** A text that is whole, or that this piece completes; undefined while pieces are missing. */
  add(text: string): string | undefined {
    const place = placeOfPiece(text);
    if (place === undefined) return text;
    const { key, index, count } = place;
    const known = this.#incomplete.get(key) ?? { pieces: new Array<string | undefined>(count).fill(undefined), missing: count };
    if (known.pieces.length !== count || known.pieces[index] !== undefined) return undefined;
    known.pieces[index] = place.piece;
    known.missing -= 1;
    this.#characters += place.piece.length;
    this.#incomplete.set(key, known);
    if (known.missing === 0) {
      this.#forget(key, known);
      return known.pieces.join('');
    }
    for (const [oldest, incomplete] of this.#incomplete) {
      if (this.#characters <= this.#charactersMax) break;
      this.#forget(oldest, incomplete);
    }
    return undefined;
  }

  #forget(key: string, { pieces }: Incomplete): void {
    this.#incomplete.delete(key);
    for (const piece of pieces) this.#characters -= piece?.length ?? 0;
  }
}

/** More pieces than any text has. */
const piecesMax = 100_000;
const pieceLine = new RegExp(`^\\[${frameVersion},"p",(\\d+),(\\d+),(\\d+),(\\d+)\\]\\n`);

function placeOfPiece(text: string): { key: string; index: number; count: number; piece: string } | undefined {
  const match = pieceLine.exec(text);
  if (match === null) return undefined;
  const [line, node, serial, index, count] = match;
  if (Number(index) >= Number(count) || Number(count) > piecesMax) return undefined;
  return { key: `${node}.${serial}`, index: Number(index), count: Number(count), piece: text.slice(line.length) };
}
