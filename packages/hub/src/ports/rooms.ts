/** Rooms and their members, as the store port passes them. */

export interface Room {
  readonly roomId: string;
  readonly name: string;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly isPrivate: boolean;
  readonly maxMembers: number;
}

export interface RoomSummary extends Room {
  readonly memberCount: number;
}

export interface RoomMember {
  readonly userId: string;
  readonly role: 'owner' | 'member';
  readonly joinedAtMs: number;
}

export interface MembersQuery {
  readonly roomId: string;
  /** Who asks; undefined: the application, which may see every room. */
  readonly userId: string | undefined;
  /** The id of the last member that was seen; undefined: from the first one on. */
  readonly after: string | undefined;
  readonly limit: number;
}

export interface MembersPage {
  /** In the order in which they joined. */
  readonly members: readonly RoomMember[];
  /** Of the whole room. */
  readonly memberCount: number;
  readonly hasMore: boolean;
}

export interface RoomsQuery {
  /** The id of the last room that was seen; undefined: from the first one on. */
  readonly after: string | undefined;
  readonly limit: number;
  readonly includePrivate: boolean;
}

export interface RoomsPage {
  /** In the order of creation. */
  readonly rooms: readonly RoomSummary[];
  /** Of all rooms that the query may see. */
  readonly count: number;
  readonly hasMore: boolean;
}

export interface JoinRequest {
  readonly roomId: string;
  readonly userId: string;
  readonly nowMs: number;
  /** Creates a public room of this size if there is none; the first to join is its owner. `false`: `room_not_found`. */
  readonly create: { readonly maxMembers: number } | false;
  /** True: the server itself adds the member, so a private room lets the user in. */
  readonly invited: boolean;
}

export interface JoinResult {
  readonly room: Room;
  /** After the join. */
  readonly memberCount: number;
  /** The first `membersToldMax` members after the join, in the order in which they joined. */
  readonly members: readonly RoomMember[];
  /** False: the user was a member already, and nothing changed. */
  readonly joined: boolean;
  readonly created: boolean;
  /** The stream's newest `seq` at the join: a new member's cursor, so that it gets what comes after. */
  readonly joinedSeq: number;
  /** As `ReaderStream.membersVersion`, after this change. */
  readonly membersVersion?: number | undefined;
}

export interface CreatedRoom extends RoomSummary {
  /** The creator's cursor: above 0 where a deleted room had the same name, whose numbers go on. */
  readonly joinedSeq: number;
  /** As `ReaderStream.membersVersion`, after this change. */
  readonly membersVersion?: number | undefined;
}

export interface LeaveResult {
  /** After the leave. */
  readonly memberCount: number;
  /** True: it was the last member of a private room, which is deleted with it. */
  readonly deleted: boolean;
  /** In a store that several nodes share: the stream's newest `seq` at the leave, up to which the user gets what others may still have to hear of. */
  readonly leftSeq?: number | undefined;
  /** As `ReaderStream.membersVersion`, after this change. */
  readonly membersVersion?: number | undefined;
}
