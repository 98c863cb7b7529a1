/**
 * The schema, as the steps that lead to it; `PRAGMA user_version` counts the steps that a file has taken.
 * A step that was released is never changed.
 *
 * Times are wall-clock milliseconds. `content` is the last column, so that a scan of the others does not
 * walk through its overflow pages.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE rooms (
    ordinal INTEGER PRIMARY KEY, -- the order of creation
    room_id TEXT NOT NULL UNIQUE,
    room_name TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at REAL NOT NULL,
    is_private INTEGER NOT NULL,
    max_members INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE room_members (
    ordinal INTEGER PRIMARY KEY, -- the order of joining
    room_id TEXT NOT NULL REFERENCES rooms (room_id),
    user_id TEXT NOT NULL,
    joined_at REAL NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'member')),
    joined_seq INTEGER NOT NULL,
    UNIQUE (room_id, user_id)
  ) STRICT;
  CREATE INDEX room_members_by_user ON room_members (user_id);

  CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    seq INTEGER NOT NULL,
    sender_id TEXT NOT NULL,
    recipient_id TEXT,
    room_id TEXT,
    message_type TEXT NOT NULL,
    created_at REAL NOT NULL,
    stored_at REAL NOT NULL, -- on the retention clock
    client_msg_id TEXT,
    echo INTEGER NOT NULL,
    receipt INTEGER NOT NULL,
    content TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX messages_by_stream ON messages (stream, seq);
  CREATE UNIQUE INDEX messages_by_client_id ON messages (sender_id, client_msg_id, stream) WHERE client_msg_id IS NOT NULL;
  -- Both directions of a conversation lie side by side, in the order of their ids.
  CREATE INDEX messages_by_conversation ON messages (min(sender_id, recipient_id), max(sender_id, recipient_id))
    WHERE recipient_id IS NOT NULL;
  CREATE INDEX messages_without_echo ON messages (stream, sender_id, seq) WHERE echo = 0;
  CREATE INDEX messages_with_receipt ON messages (stream, seq) WHERE receipt = 1;

  -- Streams of which something was removed. What still lies at or below trimmed_seq is only history.
  CREATE TABLE streams (
    stream TEXT PRIMARY KEY,
    trimmed_seq INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE cursors (
    user_id TEXT NOT NULL,
    device_id TEXT NOT NULL, -- '': the user itself
    stream TEXT NOT NULL,
    received_seq INTEGER NOT NULL,
    written_seq INTEGER NOT NULL,
    PRIMARY KEY (user_id, device_id, stream)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE readers (
    user_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    opened_at REAL NOT NULL,
    PRIMARY KEY (user_id, device_id)
  ) STRICT, WITHOUT ROWID;

  -- One row for each move of a user's inbox cursor: everything up to seq had reached the user by then.
  CREATE TABLE deliveries (
    stream TEXT NOT NULL,
    seq INTEGER NOT NULL,
    delivered_at REAL NOT NULL,
    PRIMARY KEY (stream, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE connection_state (
    user_id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('online', 'away', 'dnd', 'invisible')),
    status_text TEXT,
    last_seen REAL NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Counted before, which made a join dearer with every member.
  ALTER TABLE rooms ADD COLUMN member_count INTEGER NOT NULL DEFAULT 0;
  UPDATE rooms SET member_count = (SELECT count(*) FROM room_members AS m WHERE m.room_id = rooms.room_id);
  -- With the key of the row behind it: the order of joining, and of creation.
  CREATE INDEX room_members_by_room ON room_members (room_id);
  CREATE INDEX rooms_by_privacy ON rooms (is_private);

  -- Streams of deleted rooms whose messages are still to be removed: those at or below trimmed_seq.
  CREATE TABLE deleted_streams (
    stream TEXT PRIMARY KEY
  ) STRICT, WITHOUT ROWID;

  -- Nobody could enter or name these again.
  INSERT INTO deleted_streams SELECT 'room:' || room_id FROM rooms WHERE is_private = 1 AND member_count = 0;
  INSERT INTO streams (stream, trimmed_seq)
    SELECT stream, max(seq) FROM messages WHERE stream IN (SELECT stream FROM deleted_streams) GROUP BY stream
    ON CONFLICT DO UPDATE SET trimmed_seq = max(trimmed_seq, excluded.trimmed_seq);
  DELETE FROM rooms WHERE is_private = 1 AND member_count = 0;
  -- Of all that is delivered of a message; null in rows that are older than this.
  ALTER TABLE messages ADD COLUMN checksum INTEGER;

  -- A reader that is closed keeps its row, which says when it was last used, on the retention clock.
  ALTER TABLE readers ADD COLUMN is_open INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE readers ADD COLUMN used_at REAL NOT NULL DEFAULT 0;
  INSERT OR IGNORE INTO readers (user_id, device_id, opened_at, is_open) SELECT user_id, device_id, 0, 0 FROM cursors;
  INSERT OR IGNORE INTO readers (user_id, device_id, opened_at, is_open) SELECT user_id, '', 0, 0 FROM cursors;
  INSERT OR IGNORE INTO readers (user_id, device_id, opened_at, is_open) SELECT user_id, '', 0, 0 FROM readers;
  INSERT OR IGNORE INTO readers (user_id, device_id, opened_at, is_open) SELECT user_id, '', 0, 0 FROM connection_state;
  UPDATE readers SET used_at = coalesce((SELECT value FROM meta WHERE key = 'retention_time'), 0);
  -- Where the readers of an inbox begin that have no cursor: what lies at or below was received by readers that were forgotten.
  ALTER TABLE streams ADD COLUMN floor_seq INTEGER NOT NULL DEFAULT 0;

  INSERT OR REPLACE INTO meta (key, value) VALUES
    ('rooms', (SELECT count(*) FROM rooms)),
    ('private_rooms', (SELECT count(*) FROM rooms WHERE is_private = 1));
  `,
];
