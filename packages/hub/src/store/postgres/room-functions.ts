/**
 * The writes of rooms as functions of the database, so that each is one round trip. Each locks the room's row in `streams`, as every
 * append to the room does: so `joined_seq` is exact, and a message is stored either before or after somebody leaves.
 *
 * A refusal is returned before anything is changed, and a room that is refused leaves no row in `streams`: otherwise whoever asks for rooms
 * that do not exist would fill the table. Statements of a function see what was committed before each of them, so what
 * must hold is looked up after the lock.
 */
export const roomFunctions = `
  -- True: there is a room and it is locked, or, with p_make, there is a stream for one.
  CREATE FUNCTION parley_lock_room(p_room text, p_make boolean) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM 1 FROM streams WHERE stream = 'room:' || p_room FOR UPDATE;
    IF FOUND OR NOT p_make THEN RETURN FOUND; END IF;
    INSERT INTO streams AS s (stream, last_seq) VALUES ('room:' || p_room, 0)
      ON CONFLICT (stream) DO UPDATE SET last_seq = s.last_seq;
    RETURN true;
  END $$;

  -- Somebody who is in nearly as many rooms as one user may be is counted under a lock, so that several nodes together let in no more.
  CREATE FUNCTION parley_has_too_many_rooms(p_user text, p_max int) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE
    v_count int;
  BEGIN
    SELECT count(*) INTO v_count FROM room_members WHERE user_id = p_user;
    IF v_count < p_max AND v_count >= p_max - 8 THEN
      PERFORM pg_advisory_xact_lock(727539, hashtext(p_user));
      SELECT count(*) INTO v_count FROM room_members WHERE user_id = p_user;
    END IF;
    RETURN v_count >= p_max;
  END $$;

  CREATE FUNCTION parley_count(p_node int, p_key text, p_difference bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO counters AS c (node_id, key, value) VALUES (p_node, p_key, p_difference)
      ON CONFLICT (node_id, key) DO UPDATE SET value = c.value + excluded.value;
  $$;

  -- Returns from where on the new member reads: what a deleted room of this name left is not for it.
  CREATE FUNCTION parley_add_member(p_room text, p_user text, p_role text, p_now double precision, OUT o_seq bigint, OUT o_version bigint)
  LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE streams SET members_version = members_version + 1 WHERE stream = 'room:' || p_room RETURNING last_seq, members_version
      INTO o_seq, o_version;
    INSERT INTO room_members (room_id, user_id, joined_at, role, joined_seq) VALUES (p_room, p_user, p_now, p_role, o_seq);
    UPDATE rooms SET member_count = member_count + 1 WHERE room_id = p_room;
  END $$;

  CREATE FUNCTION parley_make_room(
    p_node int, p_room text, p_name text, p_user text, p_now double precision, p_private boolean, p_members_max int,
    OUT o_seq bigint, OUT o_version bigint
  ) LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO rooms (room_id, room_name, created_by, created_at, is_private, max_members)
      VALUES (p_room, p_name, p_user, p_now, p_private, p_members_max);
    PERFORM parley_count(p_node, CASE WHEN p_private THEN 'private_rooms' ELSE 'public_rooms' END, 1);
    SELECT a.o_seq, a.o_version INTO o_seq, o_version FROM parley_add_member(p_room, p_user, 'owner', p_now) AS a;
  END $$;

  CREATE FUNCTION parley_create_room(
    p_node int, p_room text, p_name text, p_user text, p_now double precision, p_private boolean, p_members_max int, p_rooms_max int
  ) RETURNS json LANGUAGE plpgsql AS $$
  DECLARE
    v_seq bigint;
    v_version bigint;
  BEGIN
    IF EXISTS (SELECT 1 FROM rooms WHERE room_id = p_room) THEN RETURN json_build_object('refused', 'room_exists'); END IF;
    IF parley_has_too_many_rooms(p_user, p_rooms_max) THEN RETURN json_build_object('refused', 'too_many_rooms'); END IF;
    PERFORM parley_lock_room(p_room, true);
    IF EXISTS (SELECT 1 FROM rooms WHERE room_id = p_room) THEN RETURN json_build_object('refused', 'room_exists'); END IF;
    SELECT o_seq, o_version INTO v_seq, v_version
      FROM parley_make_room(p_node, p_room, p_name, p_user, p_now, p_private, p_members_max);
    RETURN json_build_object('joinedSeq', v_seq, 'membersVersion', v_version);
  END $$;

  CREATE FUNCTION parley_joined(p_room text, p_told_max int, p_joined boolean, p_created boolean, p_seq bigint, p_version bigint)
  RETURNS json LANGUAGE sql AS $$
    SELECT json_build_object(
      'room', json_build_object(
        'roomId', room_id, 'name', room_name, 'createdBy', created_by, 'createdAtMs', created_at,
        'isPrivate', is_private, 'maxMembers', max_members),
      'memberCount', member_count,
      'members', (
        SELECT coalesce(json_agg(json_build_object('userId', user_id, 'role', role, 'joinedAtMs', joined_at) ORDER BY ordinal), '[]')
        FROM (SELECT * FROM room_members WHERE room_id = p_room ORDER BY ordinal LIMIT p_told_max) AS first_members),
      'joined', p_joined, 'created', p_created, 'joinedSeq', p_seq, 'membersVersion', p_version)
    FROM rooms WHERE room_id = p_room;
  $$;

  -- p_make_max: of how many members the room is that is made if there is none; null: none is made.
  CREATE FUNCTION parley_join_room(
    p_node int, p_room text, p_user text, p_now double precision, p_make_max int, p_invited boolean, p_rooms_max int, p_told_max int
  ) RETURNS json LANGUAGE plpgsql AS $$
  DECLARE
    v_room rooms;
    v_seq bigint;
    v_version bigint;
    v_is_new boolean;
  BEGIN
    SELECT * INTO v_room FROM rooms WHERE room_id = p_room;
    IF v_room.room_id IS NULL AND p_make_max IS NULL THEN RETURN json_build_object('refused', 'room_not_found'); END IF;
    IF v_room.room_id IS NULL AND parley_has_too_many_rooms(p_user, p_rooms_max) THEN
      RETURN json_build_object('refused', 'too_many_rooms');
    END IF;
    PERFORM parley_lock_room(p_room, p_make_max IS NOT NULL);
    SELECT joined_seq INTO v_seq FROM room_members WHERE room_id = p_room AND user_id = p_user;
    IF FOUND THEN RETURN parley_joined(p_room, p_told_max, false, false, v_seq, null); END IF;

    SELECT * INTO v_room FROM rooms WHERE room_id = p_room;
    v_is_new := v_room.room_id IS NULL;
    IF v_is_new AND p_make_max IS NULL THEN RETURN json_build_object('refused', 'room_not_found'); END IF;
    IF v_room.is_private AND NOT p_invited THEN
      RETURN json_build_object('refused', CASE WHEN p_make_max IS NULL THEN 'room_not_found' ELSE 'room_private' END);
    END IF;
    IF v_room.member_count >= v_room.max_members THEN RETURN json_build_object('refused', 'room_full'); END IF;
    IF parley_has_too_many_rooms(p_user, p_rooms_max) THEN RETURN json_build_object('refused', 'too_many_rooms'); END IF;

    IF v_is_new THEN
      SELECT o_seq, o_version INTO v_seq, v_version FROM parley_make_room(p_node, p_room, p_room, p_user, p_now, false, p_make_max);
    ELSE
      SELECT o_seq, o_version INTO v_seq, v_version
        FROM parley_add_member(p_room, p_user, CASE WHEN v_room.member_count = 0 THEN 'owner' ELSE 'member' END, p_now);
    END IF;
    RETURN parley_joined(p_room, p_told_max, true, v_is_new, v_seq, v_version);
  END $$;

  -- To somebody who is not a member, a private room looks like none.
  CREATE FUNCTION parley_stranger_refusal(p_room text) RETURNS json LANGUAGE sql AS $$
    SELECT json_build_object('refused', CASE
      WHEN EXISTS (SELECT 1 FROM rooms WHERE room_id = p_room AND NOT is_private) THEN 'not_member' ELSE 'room_not_found' END);
  $$;

  -- What its stream holds is out of the log at once, and removed later.
  CREATE FUNCTION parley_remove_room(p_node int, p_room text, OUT o_version bigint) LANGUAGE plpgsql AS $$
  DECLARE
    v_is_private boolean;
  BEGIN
    DELETE FROM room_members WHERE room_id = p_room;
    DELETE FROM rooms WHERE room_id = p_room RETURNING is_private INTO v_is_private;
    PERFORM parley_count(p_node, CASE WHEN v_is_private THEN 'private_rooms' ELSE 'public_rooms' END, -1);
    INSERT INTO deleted_streams (stream) VALUES ('room:' || p_room) ON CONFLICT (stream) DO NOTHING;
    UPDATE streams SET trimmed_seq = last_seq, members_version = members_version + 1 WHERE stream = 'room:' || p_room
      RETURNING members_version INTO o_version;
  END $$;

  CREATE FUNCTION parley_leave_room(p_node int, p_room text, p_user text) RETURNS json LANGUAGE plpgsql AS $$
  DECLARE
    v_role text;
    v_count int;
    v_is_private boolean;
    v_version bigint;
    v_left bigint;
    v_deleted_version bigint;
  BEGIN
    PERFORM parley_lock_room(p_room, false);
    DELETE FROM room_members WHERE room_id = p_room AND user_id = p_user RETURNING role INTO v_role;
    IF NOT FOUND THEN RETURN parley_stranger_refusal(p_room); END IF;
    DELETE FROM cursors WHERE user_id = p_user AND stream = 'room:' || p_room;
    UPDATE streams SET members_version = members_version + 1 WHERE stream = 'room:' || p_room
      RETURNING members_version, last_seq INTO v_version, v_left;
    UPDATE rooms SET member_count = member_count - 1 WHERE room_id = p_room RETURNING member_count, is_private INTO v_count, v_is_private;
    IF v_role = 'owner' THEN
      UPDATE room_members SET role = 'owner' WHERE room_id = p_room
        AND user_id = (SELECT user_id FROM room_members WHERE room_id = p_room ORDER BY ordinal LIMIT 1);
    END IF;
    IF v_is_private AND v_count = 0 THEN v_deleted_version := parley_remove_room(p_node, p_room); END IF;
    RETURN json_build_object('memberCount', v_count, 'membersVersion', v_version, 'leftSeq', v_left, 'deletedVersion', v_deleted_version);
  END $$;

  -- p_user: who asks; null: the application.
  CREATE FUNCTION parley_delete_room(p_node int, p_room text, p_user text) RETURNS json LANGUAGE plpgsql AS $$
  DECLARE
    v_role text;
  BEGIN
    PERFORM parley_lock_room(p_room, false);
    IF p_user IS NULL THEN
      IF NOT EXISTS (SELECT 1 FROM rooms WHERE room_id = p_room) THEN RETURN json_build_object('refused', 'room_not_found'); END IF;
    ELSE
      SELECT role INTO v_role FROM room_members WHERE room_id = p_room AND user_id = p_user;
      IF NOT FOUND THEN RETURN parley_stranger_refusal(p_room); END IF;
      IF v_role <> 'owner' THEN RETURN json_build_object('refused', 'not_owner'); END IF;
    END IF;
    RETURN json_build_object('membersVersion', parley_remove_room(p_node, p_room));
  END $$;
`;
