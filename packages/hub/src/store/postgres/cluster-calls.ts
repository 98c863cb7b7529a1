/** What the nodes of a cluster ask of their store beside the log: who is there, and what they may have missed. */
import type { LanePosition, NodeId, NodeInfo, NodeSessions, RoomMembership } from '../../ports/shared-store.ts';
import { type StreamPosition, timelineOf } from '../../ports/store.ts';
import { textArray } from './arrays.ts';
import type { Sql } from './connection.ts';

/** A part of a long list, so that no statement takes long. */
const partRows = 5_000;

/** A new node, and its lanes. */
export async function insertNode(sql: Sql, address: string, startedMs: number): Promise<NodeId> {
  const [row] = await sql.query<{ node: NodeId }>({
    text: `
      WITH node AS (INSERT INTO nodes (address, started_at) VALUES ($1, $2) RETURNING node_id)
      INSERT INTO lanes (node_id, lane, position) SELECT node_id, lane, 0 FROM node, (VALUES (0), (1)) AS two (lane)
      RETURNING node_id AS node`,
    values: [address, startedMs],
  });
  if (row === undefined) throw new Error('the database gave no number to this node');
  return row.node;
}

/** True: the node has not ended. */
export async function beatOnce(sql: Sql, node: NodeId): Promise<boolean> {
  const rows = await sql.query({
    name: 'beat',
    text: 'UPDATE nodes SET beat = beat + 1, beat_at = clock_timestamp() WHERE node_id = $1 AND NOT ended RETURNING beat',
    values: [node],
  });
  return rows.length > 0;
}

/** False: its beat is another one by now, or it has ended before. Without a beat: a node that ends itself. */
export async function endNode(sql: Sql, node: NodeId, beat: number | null): Promise<boolean> {
  const [row] = await sql.query<{ ended: boolean }>({
    name: 'end_node',
    text: 'SELECT parley_end_node($1, $2) AS ended',
    values: [node, beat],
  });
  return row?.ended === true;
}

export function readPositions(sql: Sql): Promise<readonly LanePosition[]> {
  return sql.query({ name: 'positions', text: 'SELECT node_id AS node, lane, position FROM lanes', values: [] });
}

export function readNodeInfos(sql: Sql): Promise<readonly NodeInfo[]> {
  return sql.query({
    name: 'nodes',
    text: `SELECT node_id AS node, address, started_at AS "startedMs", beat, extract(epoch FROM beat_at)::double precision * 1000 AS "beatAtMs"
      FROM nodes WHERE NOT ended ORDER BY node_id`,
    values: [],
  });
}

export function readHeads(sql: Sql, streams: readonly string[]): Promise<readonly StreamPosition[]> {
  return inParts(streams, (part) =>
    sql.query<StreamPosition>({
      name: 'heads',
      text: `SELECT s.stream, s.last_seq AS seq FROM unnest($1::text[]) AS t (stream) JOIN streams AS s ON s.stream = t.stream
        WHERE s.last_seq > 0`,
      values: [textArray(part)],
    }),
  );
}

export function readMemberships(sql: Sql, userIds: readonly string[]): Promise<readonly RoomMembership[]> {
  return inParts(userIds, (part) =>
    sql.query<RoomMembership>({
      name: 'memberships',
      text: `SELECT m.user_id AS "userId", m.room_id AS "roomId", m.joined_seq AS "joinedSeq"
        FROM unnest($1::text[]) AS t (user_id) JOIN room_members AS m ON m.user_id = t.user_id`,
      values: [textArray(part)],
    }),
  );
}

export async function readMembersVersions(sql: Sql, roomIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await inParts(roomIds, (part) =>
    sql.query<{ stream: string; version: number }>({
      name: 'members_versions',
      text: `SELECT s.stream, s.members_version AS version FROM unnest($1::text[]) AS t (stream) JOIN streams AS s ON s.stream = t.stream`,
      values: [textArray(part.map(timelineOf))],
    }),
  );
  const prefix = timelineOf('').length;
  return new Map(rows.map(({ stream, version }) => [stream.slice(prefix), version]));
}

export function readSessions(sql: Sql): Promise<readonly NodeSessions[]> {
  return sql.query({
    name: 'sessions',
    text: 'SELECT user_id AS "userId", node_id AS node, count(*) AS connections FROM sessions GROUP BY user_id, node_id',
    values: [],
  });
}

/** Of nodes that want to agree at the same time the first to commit decides. */
export async function agreeOn(sql: Sql, key: string, value: string): Promise<string> {
  const name = `agreed ${key}`;
  await sql.query({ text: 'INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING', values: [name, value] });
  const [row] = await sql.query<{ value: string }>({ text: 'SELECT value FROM meta WHERE key = $1', values: [name] });
  return row?.value ?? value;
}

async function inParts<T, R>(all: readonly T[], read: (part: readonly T[]) => Promise<readonly R[]>): Promise<readonly R[]> {
  const rows: R[] = [];
  for (let start = 0; start < all.length; start += partRows) rows.push(...(await read(all.slice(start, start + partRows))));
  return rows;
}
