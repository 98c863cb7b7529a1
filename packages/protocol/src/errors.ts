/**
 * The error table: every failure that a client can be told, in one place.
 *
 * `code` is stable and machine-readable, `message` tells a person what happened and what to do.
 * `retry` says whether the same request can succeed later: "never" without a change by the caller,
 * "later" after waiting (`retry_after` seconds may travel with it).
 */
export const errorTable = {
  not_registered: {
    message: 'Register first: connect with auth: { user_id }, or emit "register" with your user_id, then repeat this event.',
    retry: 'never',
  },
  already_registered: {
    message: 'This connection belongs to another user. Open a new connection to register as somebody else.',
    retry: 'never',
  },
  unknown_event: { message: 'The hub does not know this event. See the list of events in the documentation.', retry: 'never' },
  invalid_payload: { message: 'The payload does not have the expected form.', retry: 'never' },
  sender_mismatch: {
    message: 'The sender must be the registered user. Leave sender_id and user_id out, or send your own id.',
    retry: 'never',
  },
  connection_limit: {
    message: 'This user has reached the limit of open connections. Close one of them, then register again.',
    retry: 'later',
  },
  queue_full: {
    message: 'The recipient has too many undelivered messages. Nothing was stored; try again once the recipient has been online.',
    retry: 'later',
  },
  client_msg_id_conflict: {
    message: 'This client_msg_id was used for another message. Nothing was stored; use a new one for each message.',
    retry: 'never',
  },
  room_exists: { message: 'A room with this room_id exists already. Choose another id, or join the room.', retry: 'never' },
  room_not_found: { message: 'There is no room with this room_id. Check it, or create the room.', retry: 'never' },
  room_private: { message: 'This room is private. Ask one of its members to have you added.', retry: 'never' },
  room_full: { message: 'The room has reached its max_members. Try again once somebody has left it.', retry: 'later' },
  too_many_rooms: { message: 'This user is a member of as many rooms as it may be. Leave one of them first.', retry: 'never' },
  too_many_watches: {
    message: 'This connection, or all connections together, watch as many users and rooms as they may. Watch fewer, or try again later.',
    retry: 'never',
  },
  not_owner: { message: 'Only the owner of the room may do this.', retry: 'never' },
  not_member: { message: 'Only members of the room may do this. Join the room first.', retry: 'never' },
  content_too_large: { message: 'The content is too large. Send a link to it, or split it.', retry: 'never' },
  content_too_deep: { message: 'The content is nested too deeply. Flatten it.', retry: 'never' },
  packet_too_large: { message: 'The packet exceeds the size limit of the hub; the connection is closed.', retry: 'never' },
  ack_out_of_range: { message: 'This seq was not sent to this connection yet. Acknowledge only what was received.', retry: 'never' },
  ack_not_enabled: {
    message: 'This connection acknowledges by itself. Register with ack: "explicit" to send acknowledgements.',
    retry: 'never',
  },
  message_damaged: {
    message:
      'A message that waited here was damaged on the disk of the hub and is left out. The rest goes on; ask its sender to send it again, ' +
      'and tell whoever runs the hub.',
    retry: 'never',
  },
  message_too_large: {
    message:
      'A message that waited here is larger than what the hub may buffer for a connection and is left out. The rest goes on; whoever ' +
      'runs the hub can raise outbox.high_water or packet.max_size.',
    retry: 'never',
  },
  stream_unreadable: {
    message:
      'The hub could not read what waits here, and the failure was logged. The rest goes on; connect again to try once more, and tell ' +
      'whoever runs the hub if it stays.',
    retry: 'later',
  },
  presence_missed: {
    message: 'This connection read too slowly for the presence changes that it watches, and some were left out. Ask again with "presence".',
    retry: 'later',
  },
  storage_full: { message: 'The hub has no disk space left. Nothing was stored; try again later.', retry: 'later' },
  storage_damaged: {
    message: "A part of the hub's database that this needs is damaged. Nothing was stored. Tell the operator of the hub; the rest works.",
    retry: 'never',
  },
  storage_failed: {
    message: 'The hub could not store this. Whether it was stored is unknown; repeat it with the same client_msg_id.',
    retry: 'later',
  },
  overloaded: { message: 'The hub is busy. Nothing was stored; try again after retry_after seconds.', retry: 'later' },
  shutting_down: { message: 'The hub is shutting down. Connect again and repeat this.', retry: 'later' },
  registration_timeout: {
    message: 'No user registered on this connection in time, so it is closed. Connect with auth: { user_id }, which registers at once.',
    retry: 'never',
  },
  slow_reader: {
    message: 'This connection read nothing for too long, so it is closed. No message is lost: connect again to continue.',
    retry: 'later',
  },
  internal_error: { message: 'The hub failed to handle this event. The failure was logged; try again.', retry: 'later' },
} as const satisfies Record<string, { message: string; retry: 'never' | 'later' }>;

export type ErrorCode = keyof typeof errorTable;

/** What may travel with a failure beside its code. Units: `retryAfterS` in seconds. */
export interface FailureDetails {
  /** Replaces the table's message, for example to name the key that is wrong. */
  readonly message?: string;
  readonly retryAfterS?: number;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An expected failure of a command, thrown by the stage that finds it and turned into one wire form at the edge. */
export class HubError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterS: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, options: FailureDetails & { readonly cause?: unknown } = {}) {
    super(options.message ?? errorTable[code].message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'HubError';
    this.code = code;
    this.retryAfterS = options.retryAfterS;
    this.details = options.details;
  }
}
