/**
 * Retention as functions of the database. Each does a bounded part, and locks the rows of `streams` in their order, as appends do, so
 * that none waits for the other in a circle. What an append may read of a stream, it reads after it has that lock.
 */
export const expireFunctions = `
  -- Up to where a stream's oldest messages above p_after, and at or below p_upto, were stored before p_before; null: none.
  -- The first p_max of them are looked at.
  CREATE FUNCTION parley_old_upto(p_stream text, p_after bigint, p_upto bigint, p_before double precision, p_max int)
  RETURNS bigint LANGUAGE plpgsql STABLE AS $$
  DECLARE
    v_row record;
    v_old bigint;
  BEGIN
    FOR v_row IN
      SELECT seq, stored_at FROM messages WHERE stream = p_stream AND seq > p_after AND seq <= p_upto ORDER BY seq LIMIT p_max
    LOOP
      EXIT WHEN v_row.stored_at >= p_before;
      v_old := v_row.seq;
    END LOOP;
    RETURN v_old;
  END $$;

  -- Removes messages of deleted rooms, at most so many; returns how many, and null if there was no stream to look at. One that somebody else
  -- holds is left for another time.
  CREATE FUNCTION parley_purge(p_max int) RETURNS int LANGUAGE plpgsql AS $$
  DECLARE
    v_stream text;
    v_trimmed bigint;
    v_upto bigint;
    v_count int;
    v_removed int;
  BEGIN
    FOR v_stream IN SELECT stream FROM deleted_streams ORDER BY stream LIMIT p_max LOOP
      EXIT WHEN v_removed >= p_max;
      SELECT trimmed_seq INTO v_trimmed FROM streams WHERE stream = v_stream FOR UPDATE SKIP LOCKED;
      CONTINUE WHEN NOT FOUND;
      v_removed := coalesce(v_removed, 0);
      SELECT max(seq) INTO v_upto FROM (
        SELECT seq FROM messages WHERE stream = v_stream AND seq <= v_trimmed ORDER BY seq LIMIT p_max - v_removed) AS oldest;
      DELETE FROM messages WHERE stream = v_stream AND seq <= v_upto;
      GET DIAGNOSTICS v_count = ROW_COUNT;
      v_removed := v_removed + v_count;
      IF v_removed < p_max THEN DELETE FROM deleted_streams WHERE stream = v_stream; END IF;
    END LOOP;
    RETURN v_removed;
  END $$;

  -- Removes what is old of one stream, at most p_max delivered and p_max undelivered messages.
  --
  -- Of a log only a beginning goes, so that what is left has no gap: a message stays while an older one before it stays. Undelivered
  -- messages that may not be kept as long as delivered ones go from above the user's cursor; the delivered ones below then stay
  -- for the history, but are no longer part of the log.
  CREATE FUNCTION parley_expire_stream(
    p_stream text, p_delivered_before double precision, p_undelivered_before double precision, p_max int,
    OUT o_removed int, OUT o_expired int
  ) LANGUAGE plpgsql AS $$
  DECLARE
    v_state streams;
    v_is_inbox boolean := p_stream LIKE 'user:%';
    v_delivered bigint;
    v_upto bigint;
    v_undelivered_upto bigint;
  BEGIN
    o_removed := 0;
    o_expired := 0;
    SELECT * INTO v_state FROM streams WHERE stream = p_stream FOR UPDATE;
    v_delivered := v_state.last_seq;
    IF v_is_inbox THEN
      SELECT received_seq INTO v_delivered FROM cursors WHERE user_id = substr(p_stream, 6) AND device_id = '' AND stream = p_stream;
      v_delivered := coalesce(v_delivered, v_state.floor_seq);
      -- A cursor beyond the head is damaged: rather deliver again than lose.
      IF v_delivered > v_state.last_seq THEN v_delivered := v_state.trimmed_seq; END IF;
    END IF;
    v_upto := parley_old_upto(p_stream, 0, v_delivered, p_delivered_before, p_max);
    IF v_upto IS NOT NULL THEN
      DELETE FROM messages WHERE stream = p_stream AND seq <= v_upto;
      GET DIAGNOSTICS o_removed = ROW_COUNT;
    END IF;
    IF v_is_inbox THEN
      v_undelivered_upto := parley_old_upto(
        p_stream, greatest(v_state.trimmed_seq, v_delivered), v_state.last_seq, p_undelivered_before, p_max);
      IF v_undelivered_upto IS NOT NULL THEN
        DELETE FROM messages WHERE stream = p_stream AND seq > v_delivered AND seq <= v_undelivered_upto;
        GET DIAGNOSTICS o_expired = ROW_COUNT;
      END IF;
    END IF;
    IF o_removed + o_expired = 0 THEN RETURN; END IF;
    o_removed := o_removed + o_expired;
    UPDATE streams SET trimmed_seq = greatest(trimmed_seq, v_upto, v_undelivered_upto) WHERE stream = p_stream;
    IF v_is_inbox THEN
      DELETE FROM deliveries WHERE stream = p_stream
        AND seq < coalesce((SELECT seq FROM messages WHERE stream = p_stream ORDER BY seq LIMIT 1), seq + 1);
    END IF;
  END $$;

  -- Looks at the next streams after p_after, until p_streams_max were looked at or about p_max messages removed. o_last: where to go on; null: at the
  -- first one. A stream is locked only if the oldest of what was
  -- delivered, or of what was not, is old.
  CREATE FUNCTION parley_expire(
    p_after text, p_delivered_before double precision, p_undelivered_before double precision, p_streams_max int, p_max int,
    OUT o_removed int, OUT o_expired int, OUT o_last text
  ) LANGUAGE plpgsql AS $$
  DECLARE
    v_row record;
    v_part record;
    v_seen int := 0;
    v_is_cut boolean := false;
  BEGIN
    o_removed := 0;
    o_expired := 0;
    FOR v_row IN
      SELECT s.stream, coalesce(
        (SELECT m.seq <= delivered_seq AND m.stored_at < p_delivered_before FROM messages AS m WHERE m.stream = s.stream ORDER BY m.seq LIMIT 1)
        OR (SELECT m.stored_at < p_undelivered_before FROM messages AS m
          WHERE m.stream = s.stream AND m.seq > greatest(s.trimmed_seq, delivered_seq) ORDER BY m.seq LIMIT 1), false) AS may_be_old
      FROM streams AS s CROSS JOIN LATERAL (SELECT CASE WHEN s.stream LIKE 'user:%' THEN coalesce(
        (SELECT c.received_seq FROM cursors AS c WHERE c.user_id = substr(s.stream, 6) AND c.device_id = '' AND c.stream = s.stream),
        s.floor_seq) ELSE s.last_seq END AS delivered_seq) AS d
      WHERE s.stream > p_after ORDER BY s.stream LIMIT p_streams_max
    LOOP
      IF v_row.may_be_old THEN
        IF o_removed >= p_max THEN v_is_cut := true; EXIT; END IF;
        SELECT * INTO v_part FROM parley_expire_stream(
          v_row.stream, p_delivered_before, p_undelivered_before, greatest(1, p_max - o_removed));
        o_removed := o_removed + v_part.o_removed;
        o_expired := o_expired + v_part.o_expired;
        -- There may be more in this one: it is looked at again.
        IF o_removed >= p_max THEN v_is_cut := true; EXIT; END IF;
      END IF;
      o_last := v_row.stream;
      v_seen := v_seen + 1;
    END LOOP;
    IF NOT v_is_cut AND v_seen < p_streams_max THEN o_last := null;
    ELSE o_last := coalesce(o_last, p_after); END IF;
  END $$;

  -- Forgets readers that nobody used since p_before, of the next p_max after a place. A device goes with its cursors. A user goes when it has no
  -- devices, no rooms and no messages: its cursor must exist as long as there are messages, or they would count as undelivered again.
  -- The position of the cursor is kept with the stream, which stays so that no number is used twice: a user who comes back starts there.
  CREATE FUNCTION parley_forget_unused(
    p_user text, p_device text, p_before double precision, p_max int, OUT o_user text, OUT o_device text
  ) LANGUAGE plpgsql AS $$
  DECLARE
    v_row record;
    v_seen int := 0;
    v_inbox text;
  BEGIN
    FOR v_row IN
      SELECT user_id, device_id, used_at FROM readers WHERE (user_id, device_id) > (p_user, p_device) ORDER BY user_id, device_id LIMIT p_max
    LOOP
      v_seen := v_seen + 1;
      o_user := v_row.user_id;
      o_device := v_row.device_id;
      CONTINUE WHEN v_row.used_at >= p_before;
      v_inbox := 'user:' || v_row.user_id;
      -- What somebody else holds is in use, and is not waited for: that could be in a circle.
      PERFORM 1 FROM readers WHERE user_id = v_row.user_id AND device_id = v_row.device_id FOR UPDATE SKIP LOCKED;
      CONTINUE WHEN NOT FOUND;
      IF v_row.device_id = '' THEN
        PERFORM 1 FROM streams WHERE stream = v_inbox FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND AND EXISTS (SELECT 1 FROM streams WHERE stream = v_inbox);
        CONTINUE WHEN EXISTS (SELECT 1 FROM readers WHERE user_id = v_row.user_id AND device_id > '')
          OR EXISTS (SELECT 1 FROM room_members WHERE user_id = v_row.user_id)
          OR EXISTS (SELECT 1 FROM messages WHERE stream = v_inbox);
      END IF;
      DELETE FROM readers AS r WHERE user_id = v_row.user_id AND device_id = v_row.device_id AND used_at < p_before
        AND NOT EXISTS (SELECT 1 FROM sessions AS s WHERE s.user_id = r.user_id AND s.device_id = r.device_id);
      CONTINUE WHEN NOT FOUND;
      IF v_row.device_id = '' THEN
        UPDATE streams SET floor_seq = coalesce(
          (SELECT received_seq FROM cursors WHERE user_id = v_row.user_id AND device_id = '' AND stream = v_inbox), floor_seq)
          WHERE stream = v_inbox;
        DELETE FROM deliveries WHERE stream = v_inbox;
        DELETE FROM connection_state WHERE user_id = v_row.user_id;
      END IF;
      DELETE FROM crashed_readers WHERE user_id = v_row.user_id AND device_id = v_row.device_id;
      DELETE FROM cursors WHERE user_id = v_row.user_id AND device_id = v_row.device_id;
    END LOOP;
    IF v_seen < p_max THEN
      o_user := '';
      o_device := '';
    END IF;
  END $$;
`;
