/**
 * A batch of appends as one function of the database, and so one round trip and one commit. Its statements see what was committed before
 * each of them, so what decides over a message is looked up after its stream is locked.
 *
 * The arrays but the first two have one element for each message, in the order of the calls: `p_at` is its stream's place in `p_streams`,
 * `p_rank` how many messages the batch has for that stream up to it, `p_flags` the bits of `append.ts`. `o_lasts` are the new heads of
 * the streams, `o_versions` how often the members of the rooms have changed. `o_refused` says of each place what it is instead of a new
 * message: `[id, seq, created_at]` of the one that it repeats, or the code of a refusal.
 */
export const appendFunctions = `
  -- Holds one inbox to p_queue_max and each sender to p_share_max of undelivered messages, in the order of the calls. p_last is its head
  -- before the batch, and what lies at or below p_start is delivered or not part of the log. Dropping removes undelivered messages only.
  CREATE FUNCTION parley_limit_inbox(
    p_node int, p_stream text, p_last bigint, p_start bigint, p_at int, p_places int[], p_senders text[], p_flags int[], p_verdicts json[],
    p_queue_max bigint, p_share_max bigint, p_drops boolean, OUT o_verdicts json[], OUT o_trimmed bigint
  ) LANGUAGE plpgsql AS $$
  DECLARE
    v_place int;
    v_start bigint := p_start;
    v_last bigint := p_last;
    v_senders text[] := '{}'; -- of the messages of this batch
    v_counts jsonb := '{}'; -- of undelivered messages, by sender
    v_count bigint;
  BEGIN
    o_verdicts := p_verdicts;
    FOR v_place IN SELECT t.place FROM unnest(p_places) WITH ORDINALITY AS t (at, place) WHERE t.at = p_at ORDER BY t.place LOOP
      CONTINUE WHEN o_verdicts[v_place] IS NOT NULL;
      IF p_flags[v_place] & 8 = 0 AND v_last - v_start >= p_share_max THEN
        v_count := v_counts -> p_senders[v_place];
        IF v_count IS NULL THEN
          SELECT count(*) INTO v_count FROM (
            SELECT 1 FROM messages AS m
            WHERE m.stream = p_stream AND m.sender_id = p_senders[v_place] AND m.recipient_id IS NOT NULL AND m.id > coalesce(
              (SELECT id FROM messages AS d WHERE d.stream = p_stream AND d.seq <= v_start ORDER BY d.seq DESC LIMIT 1), 0)
            LIMIT p_share_max) AS stored;
          v_count := v_count + (
            SELECT count(*) FROM unnest(v_senders) WITH ORDINALITY AS b (sender, place)
            WHERE b.sender = p_senders[v_place] AND p_last + b.place > v_start);
          v_counts := v_counts || jsonb_build_object(p_senders[v_place], v_count);
        END IF;
        IF v_count >= p_share_max THEN
          o_verdicts[v_place] := '"queue_full"';
          CONTINUE;
        END IF;
      END IF;
      IF v_last - v_start + 1 > p_queue_max THEN
        IF NOT p_drops THEN
          o_verdicts[v_place] := '"queue_full"';
          CONTINUE;
        END IF;
        v_start := least(v_last - p_queue_max + 1, v_last);
        DELETE FROM messages WHERE stream = p_stream AND seq > p_start AND seq <= v_start;
        v_counts := '{}';
      END IF;
      v_last := v_last + 1;
      v_senders := v_senders || p_senders[v_place];
      IF v_counts ? p_senders[v_place] THEN
        v_counts := v_counts || jsonb_build_object(p_senders[v_place], (v_counts -> p_senders[v_place])::bigint + 1);
      END IF;
    END LOOP;
    o_trimmed := 0;
    IF v_start > p_start THEN
      o_trimmed := v_start;
      UPDATE streams SET trimmed_seq = v_start WHERE stream = p_stream;
      PERFORM parley_count(p_node, 'dropped', v_start - p_start);
    END IF;
  END $$;

  -- Gives back the numbers of what is not stored, which nobody has seen. A stream that has no message, and never had one, leaves no row.
  CREATE FUNCTION parley_give_back(p_streams text[], p_counts int[], p_at int[], p_verdicts json[], OUT o_counts int[], OUT o_ranks int[])
  LANGUAGE plpgsql AS $$
  DECLARE
    v_place int;
  BEGIN
    o_counts := array_fill(0, ARRAY[cardinality(p_streams)]);
    o_ranks := array_fill(0, ARRAY[cardinality(p_at)]);
    FOR v_place IN 1..cardinality(p_at) LOOP
      CONTINUE WHEN p_verdicts[v_place] IS NOT NULL;
      o_counts[p_at[v_place]] := o_counts[p_at[v_place]] + 1;
      o_ranks[v_place] := o_counts[p_at[v_place]];
    END LOOP;
    UPDATE streams AS s SET last_seq = s.last_seq - (t.given - t.taken)
      FROM unnest(p_streams, p_counts, o_counts) AS t (stream, given, taken) WHERE s.stream = t.stream AND t.given > t.taken;
    DELETE FROM streams AS s USING unnest(p_streams, o_counts) AS t (stream, taken)
      WHERE s.stream = t.stream AND t.taken = 0 AND s.last_seq = 0 AND s.trimmed_seq = 0 AND s.floor_seq = 0 AND s.members_version = 0;
  END $$;

  CREATE FUNCTION parley_append(
    p_node int, p_position bigint, p_streams text[], p_counts int[], p_has_rooms boolean, p_has_client_ids boolean,
    p_at int[], p_rank int[], p_sender text[], p_type text[], p_created double precision[], p_stored double precision[],
    p_client text[], p_flags int[], p_checksum bigint[], p_content text[], p_queue_max bigint, p_share_max bigint, p_drops boolean,
    OUT o_base bigint, OUT o_lasts bigint[], OUT o_versions bigint[], OUT o_refused json
  ) LANGUAGE plpgsql AS $$
  DECLARE
    v_names text[];
    v_trimmed bigint[];
    v_floors bigint[];
    v_verdicts json[];
    v_dropped bigint;
    v_row record;
  BEGIN
    -- In the order of their names, so that no two batches wait for each other.
    WITH locked AS (
      INSERT INTO streams AS s (stream, last_seq)
        SELECT t.stream, t.count FROM unnest(p_streams, p_counts) WITH ORDINALITY AS t (stream, count, place) ORDER BY t.place
        ON CONFLICT (stream) DO UPDATE SET last_seq = s.last_seq + excluded.last_seq
        RETURNING s.stream, s.last_seq, s.trimmed_seq, s.floor_seq, s.members_version)
    SELECT array_agg(stream), array_agg(last_seq), array_agg(trimmed_seq), array_agg(floor_seq), array_agg(members_version)
      INTO v_names, o_lasts, v_trimmed, v_floors, o_versions FROM locked;
    IF v_names <> p_streams THEN RAISE EXCEPTION 'streams were locked in another order'; END IF;
    IF NOT p_has_rooms THEN o_versions := NULL; END IF;

    IF p_has_client_ids THEN
      FOR v_row IN
        SELECT t.place, m.id, m.seq, m.created_at, m.stream, m.message_type = t.type AND m.content = t.content AS is_same,
          t.flags & 1 = 0 AND m.seq <= v_trimmed[t.at] AS is_of_deleted_room
        FROM unnest(p_at, p_sender, p_client, p_flags, p_type, p_content) WITH ORDINALITY AS t (at, sender, client, flags, type, content, place)
        JOIN messages AS m ON m.sender_id = t.sender AND m.client_msg_id = t.client AND m.stream = p_streams[t.at]
        WHERE t.client IS NOT NULL
      LOOP
        -- One of a deleted room with the same name is none of this room, and is only in the way.
        IF v_row.is_of_deleted_room THEN
          DELETE FROM messages WHERE stream = v_row.stream AND seq = v_row.seq;
        ELSE
          v_verdicts[v_row.place] := CASE WHEN v_row.is_same THEN json_build_array(v_row.id, v_row.seq, v_row.created_at)
            ELSE '"client_msg_id_conflict"' END;
        END IF;
      END LOOP;
    END IF;

    IF p_has_rooms THEN
      FOR v_row IN
        SELECT t.place, CASE WHEN t.flags & 16 <> 0 AND NOT r.is_private THEN '"not_member"' ELSE '"room_not_found"' END AS refusal
        FROM unnest(p_at, p_sender, p_flags) WITH ORDINALITY AS t (at, sender, flags, place)
        LEFT JOIN rooms AS r ON r.room_id = substr(p_streams[t.at], 6)
        LEFT JOIN room_members AS m ON m.room_id = r.room_id AND m.user_id = t.sender
        WHERE t.flags & 1 = 0 AND (r.room_id IS NULL OR (t.flags & 16 <> 0 AND m.user_id IS NULL))
      LOOP
        IF v_verdicts[v_row.place] IS NULL THEN v_verdicts[v_row.place] := v_row.refusal; END IF;
      END LOOP;
    END IF;

    -- Most inboxes hold too little to ask where their users' cursors are.
    FOR v_row IN
      SELECT t.place::int AS at, t.stream, t.last_seq - t.count AS last_seq, greatest(t.trimmed_seq, coalesce(c.received_seq, t.floor_seq)) AS start
      FROM unnest(p_streams, p_counts, o_lasts, v_trimmed, v_floors) WITH ORDINALITY
        AS t (stream, count, last_seq, trimmed_seq, floor_seq, place)
      LEFT JOIN cursors AS c ON c.user_id = substr(t.stream, 6) AND c.device_id = '' AND c.stream = t.stream
      WHERE t.stream LIKE 'user:%' AND t.last_seq - t.trimmed_seq > least(p_queue_max, p_share_max)
        AND t.last_seq - greatest(t.trimmed_seq, coalesce(c.received_seq, t.floor_seq)) > least(p_queue_max, p_share_max)
    LOOP
      SELECT l.o_verdicts, l.o_trimmed INTO v_verdicts, v_dropped FROM parley_limit_inbox(
        p_node, v_row.stream, v_row.last_seq, v_row.start, v_row.at, p_at, p_sender, p_flags, v_verdicts, p_queue_max, p_share_max, p_drops
      ) AS l;
      v_trimmed[v_row.at] := greatest(v_trimmed[v_row.at], v_dropped);
    END LOOP;

    IF v_verdicts IS NOT NULL THEN
      SELECT json_object_agg(t.place, v_verdicts[t.place]) INTO o_refused
        FROM generate_subscripts(p_at, 1) AS t (place) WHERE v_verdicts[t.place] IS NOT NULL;
      SELECT g.o_counts, g.o_ranks INTO p_counts, p_rank FROM parley_give_back(p_streams, p_counts, p_at, v_verdicts) AS g;
      SELECT array_agg(s.last_seq ORDER BY t.place) INTO o_lasts
        FROM unnest(p_streams) WITH ORDINALITY AS t (stream, place) LEFT JOIN streams AS s ON s.stream = t.stream;
    END IF;

    o_base := nextval('message_ids') * 4096;
    INSERT INTO messages
      (id, seq, created_at, stored_at, checksum, echo, receipt, stream, sender_id, recipient_id, room_id, message_type, client_msg_id, content)
    SELECT n.id, n.seq, t.created, t.stored, t.checksum + n.id + n.seq, t.flags & 2 <> 0, t.flags & 4 <> 0, n.stream, t.sender,
      CASE WHEN t.flags & 1 <> 0 THEN substr(n.stream, 6) END, CASE WHEN t.flags & 1 = 0 THEN substr(n.stream, 6) END,
      t.type, t.client, t.content
    FROM unnest(p_at, p_rank, p_sender, p_type, p_created, p_stored, p_client, p_flags, p_checksum, p_content) WITH ORDINALITY
      AS t (at, rank, sender, type, created, stored, client, flags, checksum, content, place)
    CROSS JOIN LATERAL (SELECT o_base + t.place AS id, o_lasts[t.at] - p_counts[t.at] + t.rank AS seq, p_streams[t.at] AS stream) AS n
    -- Some are dropped for later ones of the same batch.
    WHERE (v_verdicts IS NULL OR v_verdicts[t.place] IS NULL) AND n.seq > v_trimmed[t.at];

    UPDATE lanes SET position = p_position, base_id = o_base, lasts = o_lasts, versions = o_versions, refused = o_refused
      WHERE node_id = p_node AND lane = 0 AND position = p_position - 1;
    IF NOT FOUND THEN RAISE EXCEPTION 'another position' USING ERRCODE = 'PL001'; END IF;
  END $$;
`;
