/**
 * What a peer may ask of the hub, in one place. Options change the first two and can lower the third; the
 * others are part of the protocol. Each limit has a test that exceeds it by one.
 */
export const limits = {
  /**
   * Bytes of one packet, or of one polling body. The reference server's default, which stock clients and the
   * official test suites expect as `maxPayload`.
   */
  packetBytesMax: 1_000_000,

  /** Bytes of one message's `content` as UTF-8 JSON. Larger things belong in a file store, with a link in the message. */
  contentBytesMax: 65_536,

  /**
   * Levels of arrays and objects in `content`. V8 parses 450,000 levels, but many receivers recurse: the
   * JSON module of Python gives up at about 1,000, others overflow their stack.
   */
  contentDepthMax: 64,

  /**
   * Levels that the codecs follow into arguments when they look for binary values. It leaves room around a
   * content of full depth, and keeps recursion far from the end of the stack.
   */
  argsDepthMax: 80,

  /** Binary attachments of one packet. The limit of the stock parsers since socket.io-parser 4.2.6. */
  attachmentsMax: 10,

  /**
   * Packets in one polling body. A body of separators alone would otherwise become a million records; but a client that
   * emits a burst while it still polls puts all of it into one body, so this is what an honest burst may be.
   */
  payloadPacketsMax: 10_000,

  /** Digits of an acknowledgement id, so that it is exact as a JSON number. Clients count up from 0. */
  ackIdDigitsMax: 15,

  /** Recipients of one `message`, users of one `presence` and of `exclude`: one event is a bounded amount of work. */
  usersPerEventMax: 1000,

  /** Messages of one `history` page. */
  historyLimitMax: 500,
  historyLimitDefault: 50,
  /** Content of one `history` page: what an outbox can hold, with room for the rest. `has_more` says that it was cut. */
  historyBytesMax: 524_288,

  /** Bytes of the list in one reply, with what stands around the contents: a part of what an outbox can hold. `has_more` says that it was cut. */
  listBytesMax: 524_288,
  /** Rooms that `registered` names at most; `room_count` says how many there are. With the longest ids they have about `listBytesMax` bytes. */
  roomsToldMax: 1000,
  /** Users that `GET /api/stats` names at most. */
  usersToldMax: 1000,

  /** Members or rooms of one page. */
  pageLimitMax: 500,
  pageLimitDefault: 100,

  /** In rooms of up to this many members each join and leave is an event of its own; in larger ones they are gathered, and an event names at most so many. */
  membersToldMax: 100,

  /** Characters of user, room and device ids and of `client_msg_id`: they are keys of database indexes. */
  idCharactersMax: 128,

  /** Members that a room may be made for. Every member is a row to read when a message goes out. */
  roomMembersMax: 100_000,
} as const;
