/** The form of every answer, from which it is also written: a key that is not here does not get out. */
import { Type } from 'typebox';

const count = Type.Integer({ minimum: 0 });
/** Digits come as a number; see the id rule in `@parley/protocol`. */
const userId = Type.Union([Type.Integer(), Type.String()]);

export const health = Type.Object({ status: Type.Literal('healthy') });

export const readiness = Type.Object({ status: Type.Union([Type.Literal('ready'), Type.Literal('draining')]) });

export const stats = Type.Object({
  status: Type.Literal('success'),
  connections: Type.Object({
    total_connections: count,
    online_users: count,
    connections_by_user: Type.Record(Type.String(), count),
  }),
  pool: Type.Object({
    total_connections: count,
    users_with_connections: count,
    max_per_user: count,
    avg_connections_per_user: Type.Number(),
    max_of_one_user: count,
    refused: count,
  }),
  online_users: Type.Array(userId),
  queue: Type.Object({ queued: count, expired: count, dropped: count }),
  messages: count,
  rooms: count,
  uptime_seconds: Type.Number(),
  live_dropped: count,
  slow_closed: count,
  process: Type.Object({
    resident_bytes: count,
    loop_delay_ms: Type.Object({ median: Type.Number(), p99: Type.Number(), max: Type.Number() }),
  }),
});

const roomFields = {
  room_id: Type.String(),
  room_name: Type.String(),
  created_by: userId,
  created_at: Type.Number(),
  is_private: Type.Boolean(),
  max_members: count,
  member_count: count,
};

export const rooms = Type.Object({ rooms: Type.Array(Type.Object(roomFields)), count });

export const room = Type.Object({ ...roomFields, members: Type.Array(userId) });

/** `error` is the short text of the project's origin, `code` and `message` are those of the error table where it has the failure. */
export const failure = Type.Object({ status: Type.Literal('error'), error: Type.String(), code: Type.String(), message: Type.String() });
