/** What the sessions of readers need of the database. */
export const readerFunctions = `
  -- Takes the lowest free slot of a user, at most p_max; null: there is none. Two nodes that want the same slot wait for each other here.
  CREATE FUNCTION parley_take_slot(p_user text, p_device text, p_node int, p_max int) RETURNS int LANGUAGE plpgsql AS $$
  DECLARE
    v_slot int;
  BEGIN
    LOOP
      SELECT CASE WHEN EXISTS (SELECT 1 FROM sessions WHERE user_id = p_user AND slot = 1) THEN (
          SELECT min(s.slot) + 1 FROM sessions AS s
          WHERE s.user_id = p_user AND NOT EXISTS (SELECT 1 FROM sessions AS n WHERE n.user_id = p_user AND n.slot = s.slot + 1))
        ELSE 1 END INTO v_slot;
      IF v_slot > p_max THEN RETURN NULL; END IF;
      INSERT INTO sessions (user_id, slot, device_id, node_id) VALUES (p_user, v_slot, p_device, p_node) ON CONFLICT DO NOTHING;
      IF FOUND THEN RETURN v_slot; END IF;
    END LOOP;
  END $$;

  -- Holds a user to p_max devices before a new one comes: the one that was unused for longest is forgotten.
  CREATE FUNCTION parley_make_device_space(p_user text, p_new_device text, p_max int) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    v_device text;
  BEGIN
    FOR v_device IN
      SELECT device_id FROM readers AS r WHERE user_id = p_user AND device_id <> '' AND device_id <> p_new_device
      ORDER BY EXISTS (SELECT 1 FROM sessions AS s WHERE s.user_id = r.user_id AND s.device_id = r.device_id) DESC,
        used_at DESC, opened_at DESC, device_id DESC
      OFFSET p_max - 1
    LOOP
      DELETE FROM cursors WHERE user_id = p_user AND device_id = v_device;
      DELETE FROM readers WHERE user_id = p_user AND device_id = v_device;
    END LOOP;
  END $$;

  -- Opens one session for each of these readers, of which no two are of the same user. They come in the order of their users.
  CREATE FUNCTION parley_open_sessions(
    p_node int, p_users text[], p_devices text[], p_opened double precision[], p_sessions_max int, p_devices_max int,
    OUT o_place int, OUT o_is_refused boolean, OUT o_may_have_all boolean, OUT o_is_new boolean
  ) RETURNS SETOF record LANGUAGE plpgsql AS $$
  DECLARE
    v_used double precision := coalesce((SELECT value::double precision FROM meta WHERE key = 'retention_time'), 0);
    v_slot int;
  BEGIN
    FOR o_place IN 1..cardinality(p_users) LOOP
      v_slot := parley_take_slot(p_users[o_place], p_devices[o_place], p_node, p_sessions_max);
      o_is_refused := v_slot IS NULL;
      -- First of all, since whoever is about to forget an unused reader has locked its row.
      IF NOT o_is_refused THEN
        INSERT INTO readers (user_id, device_id, opened_at, used_at)
          VALUES (p_users[o_place], p_devices[o_place], p_opened[o_place], v_used)
          ON CONFLICT (user_id, device_id) DO UPDATE SET opened_at = excluded.opened_at, used_at = excluded.used_at;
      END IF;
      o_may_have_all := NOT o_is_refused AND (
        EXISTS (SELECT 1 FROM sessions WHERE user_id = p_users[o_place] AND device_id = p_devices[o_place] AND slot <> v_slot)
        OR EXISTS (SELECT 1 FROM crashed_readers WHERE user_id = p_users[o_place] AND device_id = p_devices[o_place]));
      o_is_new := p_devices[o_place] <> '' AND NOT EXISTS (
        SELECT 1 FROM cursors
        WHERE user_id = p_users[o_place] AND device_id = p_devices[o_place] AND stream = 'user:' || p_users[o_place]);
      IF o_is_new AND NOT o_is_refused THEN
        PERFORM parley_make_device_space(p_users[o_place], p_devices[o_place], p_devices_max);
      END IF;
      IF p_devices[o_place] <> '' AND NOT o_is_refused THEN
        INSERT INTO readers (user_id, device_id, opened_at, used_at) VALUES (p_users[o_place], '', 0, v_used) ON CONFLICT DO NOTHING;
      END IF;
      RETURN NEXT;
    END LOOP;
  END $$;

  -- Ends a node, if its beat is still this one or none is named; false: it is not, or has ended. Nothing can be committed through its lanes
  -- after this, and everything may have been written to the readers that were open there.
  CREATE FUNCTION parley_end_node(p_node int, p_beat bigint) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE
    v_seen double precision;
  BEGIN
    UPDATE nodes SET ended = true WHERE node_id = p_node AND NOT ended AND (p_beat IS NULL OR beat = p_beat)
      RETURNING extract(epoch FROM beat_at) * 1000 INTO v_seen;
    IF NOT FOUND THEN RETURN false; END IF;
    -- A frozen process holds its locks, and its place in the queue of notifications.
    IF p_beat IS NOT NULL THEN
      PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'parley ' || p_node || ' %' AND pid <> pg_backend_pid();
    END IF;
    -- Waits for a commit that is under way.
    PERFORM 1 FROM lanes WHERE node_id = p_node ORDER BY lane FOR UPDATE;
    DELETE FROM lanes WHERE node_id = p_node;
    INSERT INTO crashed_readers (user_id, device_id)
      SELECT DISTINCT user_id, device_id FROM sessions WHERE node_id = p_node ON CONFLICT DO NOTHING;
    IF p_beat IS NOT NULL THEN
      INSERT INTO connection_state AS c (user_id, state, last_seen)
        SELECT DISTINCT s.user_id, 'online', v_seen FROM sessions AS s
        WHERE s.node_id = p_node AND NOT EXISTS (SELECT 1 FROM sessions AS o WHERE o.user_id = s.user_id AND o.node_id <> p_node)
        ON CONFLICT (user_id) DO UPDATE SET last_seen = greatest(c.last_seen, excluded.last_seen), version = c.version + 1
        WHERE c.state <> 'invisible';
    END IF;
    DELETE FROM sessions WHERE node_id = p_node;
    RETURN true;
  END $$;
`;
