/** What the history needs of the database. */
export const historyFunctions = `
  -- The seq of a room's first message with an id above p_id, by halving: ids grow with seq. An index by (stream, id) would cost every
  -- append more than this costs a page. Where a row is missing the next one is looked at.
  CREATE FUNCTION parley_first_seq_above(p_stream text, p_id bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
  DECLARE
    v_low bigint;
    v_high bigint;
    v_middle bigint;
    v_found bigint;
  BEGIN
    SELECT trimmed_seq + 1, last_seq + 1 INTO v_low, v_high FROM streams WHERE stream = p_stream;
    WHILE v_low < v_high LOOP
      v_middle := (v_low + v_high) / 2;
      SELECT id INTO v_found FROM messages WHERE stream = p_stream AND seq >= v_middle ORDER BY seq LIMIT 1;
      IF NOT FOUND OR v_found > p_id THEN v_high := v_middle; ELSE v_low := v_middle + 1; END IF;
    END LOOP;
    RETURN v_low;
  END $$;
`;
