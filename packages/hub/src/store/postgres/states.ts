import type { News } from '../../ports/shared-store.ts';
import type { UserState } from '../../ports/store.ts';
import type { Sql } from './connection.ts';

/** Users without a stored state are left out. */
export async function readStates(sql: Sql, userIds: readonly string[]): Promise<readonly UserState[]> {
  if (userIds.length === 0) return [];
  const rows = await sql.query<Omit<UserState, 'statusText'> & { readonly statusText: string | null }>({
    name: 'states',
    text: `
      SELECT s.user_id AS "userId", s.state, s.status_text AS "statusText", s.last_seen AS "lastSeenMs", s.version
      FROM unnest($1::text[]) WITH ORDINALITY AS wanted (user_id, place) JOIN connection_state AS s ON s.user_id = wanted.user_id
      ORDER BY place`,
    values: [userIds],
  });
  return rows.map((row) => ({ ...row, statusText: row.statusText ?? undefined }));
}

/**
 * Of what several nodes store of a user the highest version holds, and it was last seen when any of them saw it last. A state without a version
 * replaces what there is. Rows are written in the order of users, so that two nodes never wait for each other. A user is known by a reader of
 * its own, whatever it used.
 */
export async function saveStates(sql: Sql, states: readonly UserState[]): Promise<{ value: undefined; news: readonly News[] }> {
  const newest = [...new Map(states.map((state) => [state.userId, state])).values()];
  if (newest.length === 0) return { value: undefined, news: [] };
  await sql.query({
    name: 'save_states',
    text: `
      WITH given AS MATERIALIZED (
        SELECT g.user_id, g.state, g.status_text, g.last_seen, coalesce(g.version, s.version + 1, 1) AS version
        FROM unnest($1::text[], $2::text[], $3::text[], $4::double precision[], $5::bigint[]) AS g (user_id, state, status_text, last_seen, version)
        LEFT JOIN connection_state AS s ON s.user_id = g.user_id
        ORDER BY g.user_id COLLATE "C"),
      used AS (
        INSERT INTO readers (user_id, device_id, opened_at, used_at)
        SELECT user_id, '', 0, coalesce((SELECT value FROM meta WHERE key = 'retention_time')::double precision, 0) FROM given
        ON CONFLICT DO NOTHING)
      INSERT INTO connection_state AS s (user_id, state, status_text, last_seen, version)
      SELECT user_id, state, status_text, last_seen, version FROM given
      ON CONFLICT (user_id) DO UPDATE SET
        state = CASE WHEN excluded.version < s.version THEN s.state ELSE excluded.state END,
        status_text = CASE WHEN excluded.version < s.version THEN s.status_text ELSE excluded.status_text END,
        last_seen = greatest(s.last_seen, excluded.last_seen),
        version = greatest(s.version, excluded.version)`,
    values: [
      newest.map(({ userId }) => userId),
      newest.map(({ state }) => state),
      newest.map(({ statusText }) => statusText ?? null),
      newest.map(({ lastSeenMs }) => lastSeenMs),
      newest.map(({ version }) => version ?? null),
    ],
  });
  return { value: undefined, news: newest.map(({ userId }) => ({ kind: 'user', userId })) };
}
