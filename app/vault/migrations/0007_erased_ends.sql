-- The last minutes of a session can be erased while it is being recorded. What was said in them goes from the transcript
-- as well, with all that hangs on those words; that it was so is kept, and nothing of what was said.

CREATE TABLE erased_ends (
    session_id    TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    from_ms       INTEGER NOT NULL, -- of the tape
    to_ms         INTEGER NOT NULL CHECK (to_ms >= from_ms),
    asked_at_ms   INTEGER NOT NULL, -- UTC epoch; 0 where it is not known
    clock_trusted INTEGER NOT NULL CHECK (clock_trusted IN (0, 1)),
    words         INTEGER NOT NULL,
    edits         INTEGER NOT NULL,
    PRIMARY KEY (session_id, from_ms, to_ms)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER erased_ends_are_never_changed BEFORE UPDATE ON erased_ends
BEGIN SELECT RAISE(ABORT, 'erased ends are never changed'); END;
CREATE TRIGGER erased_ends_go_with_their_session BEFORE DELETE ON erased_ends
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
BEGIN SELECT RAISE(ABORT, 'erased ends are never deleted alone'); END;

-- The one exception to "goes only together with its session": words within, or less than a second before, an erased end.

DROP TRIGGER segments_go_with_their_session;
CREATE TRIGGER segments_go_with_their_session BEFORE DELETE ON segments
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
    AND NOT EXISTS (
        SELECT 1 FROM erased_ends
        WHERE session_id = OLD.session_id AND OLD.end_ms > from_ms - 1000 AND OLD.start_ms < to_ms
    )
BEGIN SELECT RAISE(ABORT, 'segments are never deleted alone'); END;

DROP TRIGGER pauses_go_with_their_session;
CREATE TRIGGER pauses_go_with_their_session BEFORE DELETE ON pauses
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
    AND NOT EXISTS (
        SELECT 1 FROM erased_ends WHERE session_id = OLD.session_id AND OLD.at_ms > from_ms AND OLD.at_ms < to_ms
    )
BEGIN SELECT RAISE(ABORT, 'pauses are never deleted alone'); END;

-- An edit goes with its segment, and so does a mark that stands with a line of it.

DROP TRIGGER edits_go_with_their_session;
CREATE TRIGGER edits_go_with_their_session BEFORE DELETE ON edits
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
    AND EXISTS (SELECT 1 FROM segments WHERE session_id = OLD.session_id AND seq = OLD.seq)
BEGIN SELECT RAISE(ABORT, 'edits are never deleted alone'); END;

DROP TRIGGER marks_go_with_their_session;
CREATE TRIGGER marks_go_with_their_session BEFORE DELETE ON marks
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
    AND EXISTS (SELECT 1 FROM segments WHERE session_id = OLD.session_id AND seq = OLD.seq & 1048575)
BEGIN SELECT RAISE(ABORT, 'marks are never deleted alone'); END;
