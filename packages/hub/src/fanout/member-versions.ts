/**
 * Which changes of a room's members have been applied here, by their numbers. All up to the room's version (kept with its stream) have;
 * of those above it, only the ones that came early.
 */
import { timelineOf } from '../ports/store.ts';
import type { Streams } from './streams.ts';

interface Change {
  readonly roomId: string;
  readonly userId: string;
  /** Undefined: only this node changes members, so all changes come once and in order. */
  readonly membersVersion?: number | undefined;
}

export class MemberVersions {
  readonly #streams: Pick<Streams, 'membersVersion' | 'knowMembers'>;
  /** By room: the number of each early change, and whose it was. */
  readonly #early = new Map<string, Map<number, string>>();

  constructor(streams: Pick<Streams, 'membersVersion' | 'knowMembers'>) {
    this.#streams = streams;
  }

  isOld(roomId: string, version: number | undefined): boolean {
    return version !== undefined && version <= (this.#version(roomId) ?? -1);
  }

  /** False: this change or a later one of the same user has been applied. */
  isNews({ roomId, userId, membersVersion: version }: Change): boolean {
    if (version === undefined) return true;
    if (this.isOld(roomId, version)) return false;
    for (const [number, whose] of this.#early.get(roomId) ?? []) if (whose === userId && number >= version) return false;
    return true;
  }

  /** The change has been applied, or need not be, because a later one of the user has. */
  heard({ roomId, userId, membersVersion: version }: Change): void {
    const known = this.#version(roomId);
    // Nobody here reads the room, or how new its members are is not known yet.
    if (version === undefined || known === undefined) this.#early.delete(roomId);
    else if (version === known + 1) this.know(roomId, version);
    else if (version > known) this.#early.set(roomId, (this.#early.get(roomId) ?? new Map()).set(version, userId));
  }

  /** All changes up to this one have been applied, and so have the early ones that follow it. */
  know(roomId: string, version: number): void {
    const early = this.#early.get(roomId) ?? new Map<number, string>();
    let known = version;
    for (const number of [...early.keys()].toSorted((a, b) => a - b)) {
      if (number > known + 1) break;
      early.delete(number);
      known = Math.max(known, number);
    }
    if (early.size === 0) this.#early.delete(roomId);
    this.#streams.knowMembers(timelineOf(roomId), known);
  }

  forget(roomId: string): void {
    this.#early.delete(roomId);
  }

  #version(roomId: string): number | undefined {
    return this.#streams.membersVersion(timelineOf(roomId));
  }
}
