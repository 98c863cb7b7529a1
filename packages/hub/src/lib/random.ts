import { randomBytes } from 'node:crypto';

/** Randomness as the hub sees it. Handed in, so that the simulation can replay a run. */
export interface Random {
  /** An unguessable id of 20 URL-safe characters (120 bits). */
  id(): string;
  /** A number from 0 (inclusive) to 1 (exclusive). Not for secrets. */
  fraction(): number;
}

export const systemRandom: Random = {
  id: () => randomBytes(15).toString('base64url'),
  fraction: () => Math.random(),
};
