/** The schema of every answer, by which it is also serialized: a key that is not here is not sent. */
import { HubError, type Immutable, limits, room as roomSchema } from '@parley/protocol';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';

const count = Type.Integer({ minimum: 0 });
/** Digits come as a number; see the id rule in `@parley/protocol`. */
const userId = Type.Union([Type.Integer(), Type.String()]);

/** `damaged`: messages that were found damaged on the disk and are left out; then the hub is `degraded`. */
export const health = Type.Object({ status: Type.Enum(['healthy', 'degraded', 'failed']), damaged: Type.Optional(count) });
export type Health = Immutable<Static<typeof health>>;

export const readiness = Type.Object({ status: Type.Enum(['ready', 'draining', 'failed']) });
export type Readiness = Static<typeof readiness>['status'];

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
  strangers: Type.Object({ open: count, displaced: count, refused: count }),
  process: Type.Object({
    resident_bytes: count,
    loop_delay_ms: Type.Object({ median: Type.Number(), p99: Type.Number(), max: Type.Number() }),
  }),
});

export type Stats = Immutable<Static<typeof stats>>;

/** `silent_seconds`: since the node's last sign of life. `bus`: of the node that answers. */
export const nodes = Type.Object({
  this_node: count,
  bus: Type.Enum(['up', 'down']),
  nodes: Type.Array(
    Type.Object({ node: count, started_at: Type.Number(), silent_seconds: Type.Number(), users: count, connections: count }),
  ),
});

/** Of a list of rooms, or of a room's members: `after` is the id of the last one seen. */
export const page = Type.Object({
  after: Type.Optional(Type.String({ maxLength: 2 * limits.idCharactersMax })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.pageLimitMax })),
});

export const rooms = Type.Object({ rooms: Type.Array(roomSchema), count, has_more: Type.Boolean() });
export type RoomsPage = Immutable<Static<typeof rooms>>;

export const room = Type.Object({ ...roomSchema.properties, members: Type.Array(userId), has_more: Type.Boolean() });

/** The same check for the application as for a request. */
export function checkedPage(query: { readonly after?: unknown; readonly limit?: unknown }): Static<typeof page> {
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
  if (Value.Check(page, given)) return given;
  throw new HubError('invalid_payload', {
    message: `after must be the id of a room, and limit a whole number from 1 to ${limits.pageLimitMax}.`,
  });
}

/** `error` is the short text of the project's origin, `code` and `message` are those of the error table where it has the failure. */
export const failure = Type.Object({ status: Type.Literal('error'), error: Type.String(), code: Type.String(), message: Type.String() });
