/**
 * An ordered way of commits into the database: one connection, and one row in `lanes` whose position each commit raises by one, in its own
 * transaction. So after an answer was lost the row says whether there was a commit, and a node whose row is gone can commit nothing.
 */
import { HubError } from '@parley/protocol';
import type { Clock } from '../../lib/clock.ts';
import type { Lane as LaneNumber, NodeId } from '../../ports/shared-store.ts';
import type { AppendAnswer } from './append.ts';
import type { Sql } from './connection.ts';
import { isLost, isUndone, type Link, pause } from './link.ts';

/** What the lane's row says of its last commit. */
export type LaneRow = { readonly position: number } & AppendAnswer;

export interface LaneOptions {
  readonly lane: LaneNumber;
  readonly link: Link;
  readonly clock: Clock;
  /** The row is gone, or is not as this node left it. Called once for each node. */
  readonly onFenced: () => void;
}

export interface Commission<T> {
  /** Commits as this node, with this position. */
  readonly commit: (sql: Sql, place: { readonly node: NodeId; readonly position: number }) => Promise<T>;
  /** What `commit` would have returned, if its answer was lost; from the row that it left. */
  readonly recover: (row: LaneRow) => T;
}

/** What a lane rejects with once its node was declared dead: for what it had not sent, and for what may have been committed before. */
const fencedError = (): HubError => new HubError('overloaded', { retryAfterS: 1, cause: new Error('this node was declared dead') });
const unknownError = (): HubError => new HubError('internal_error', { cause: new Error('this node was declared dead while it committed') });

/** SQLSTATE of a commit that found another position. */
export const otherPosition = 'PL001';

const undonePauseMs = 5;

export class Lane {
  readonly #options: LaneOptions;
  #node: NodeId | undefined;
  #position = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Commits for this node from now on, whose row is new. */
  begin(node: NodeId): void {
    this.#node = node;
    this.#position = 0;
  }

  /** False: the node was declared dead, or history was lost. */
  get isOpen(): boolean {
    return this.#node !== undefined;
  }

  /** Commits nothing any more before `begin`. */
  stop(): void {
    this.#node = undefined;
  }

  /**
   * One at a time. While the server can't be reached it waits. Rejects with `overloaded` if the node was declared dead and nothing was
   * committed, with `internal_error` if that will never be known, and with the error of a commit that the server refused.
   */
  async commit<T>({ commit, recover }: Commission<T>): Promise<T> {
    const position = this.#position + 1;
    let isToBeRead = false;
    let isUnknown = false;
    for (;;) {
      const node = this.#node;
      if (node === undefined) throw isUnknown ? unknownError() : fencedError();
      const sql = await this.#options.link.connection();
      try {
        if (isToBeRead) {
          const row = await this.#read(sql, node);
          if (row?.position === position) {
            this.#position = position;
            return recover(row);
          }
          if (row?.position !== position - 1) {
            this.#fence(node);
            continue;
          }
        }
        const value = await commit(sql, { node, position });
        this.#position = position;
        return value;
      } catch (error) {
        if (!isUndone(error) && !isOtherPosition(error) && !isLost(error)) throw error;
        isToBeRead = true;
        isUnknown ||= isLost(error);
        if (isLost(error)) this.#options.link.cut();
        await pause(this.#options.clock, undonePauseMs);
      }
    }
  }

  #fence(node: NodeId): void {
    if (this.#node !== node) return;
    this.#node = undefined;
    this.#options.onFenced();
  }

  /** Waits for a commit that is still under way on a connection that was lost. */
  async #read(sql: Sql, node: NodeId): Promise<LaneRow | undefined> {
    const rows = await sql.query<LaneRow>({
      name: 'lane',
      text: 'SELECT position, base_id AS base, lasts, versions, refused FROM lanes WHERE node_id = $1 AND lane = $2 FOR UPDATE',
      values: [node, this.#options.lane],
    });
    return rows[0];
  }
}

export function isOtherPosition(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === otherPosition;
}
