-- A session can be heard anew by a second model (app.vault.hearings). What that hears is gathered beside the transcript
-- and takes its place whole, in one transaction; the words that stood before are kept in its stead. The two hearings
-- number their segments apart, so that no line of one can be taken for a line of the other.

CREATE TABLE hearings_anew (
    session_id     TEXT PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    model          TEXT NOT NULL, -- what hears anew, as segments name it
    first_seq      INTEGER NOT NULL, -- where its segments begin; those of the first hearing lie below
    -- how far it has come (app.domain.Cursor)
    heard_samples  INTEGER NOT NULL DEFAULT 0,
    heard_context  TEXT NOT NULL DEFAULT '{}',
    heard_segments INTEGER NOT NULL,
    heard_all      INTEGER NOT NULL DEFAULT 0 CHECK (heard_all IN (0, 1)),
    -- how often the two have changed places: 0 while it is being heard, odd while it stands
    swaps          INTEGER NOT NULL DEFAULT 0,
    changed_words  INTEGER NOT NULL DEFAULT 0, -- between the two, counted when it first stood
    drafts_before  INTEGER NOT NULL DEFAULT 0 -- note drafts up to this number are of words that do not stand any more
) STRICT;

-- Of the hearing that does not stand.
CREATE TABLE other_segments (
    session_id  TEXT NOT NULL REFERENCES hearings_anew ON DELETE CASCADE,
    seq         INTEGER NOT NULL,
    start_ms    INTEGER NOT NULL,
    end_ms      INTEGER NOT NULL,
    speaker     TEXT,
    text        TEXT NOT NULL,
    probability REAL NOT NULL,
    words       TEXT NOT NULL,
    model       TEXT NOT NULL,
    path        TEXT NOT NULL,
    PRIMARY KEY (session_id, seq)
) STRICT;

-- What the machine heard is still never changed and never lost: a segment goes where a copy of it is kept on the other
-- side, and the other side is let go only while nothing of it has ever stood.

DROP TRIGGER segments_go_with_their_session;
CREATE TRIGGER segments_go_with_their_session BEFORE DELETE ON segments
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
    AND NOT EXISTS (
        SELECT 1 FROM erased_ends
        WHERE session_id = OLD.session_id AND OLD.end_ms > from_ms - 1000 AND OLD.start_ms < to_ms
    )
    AND NOT EXISTS (
        SELECT 1 FROM other_segments AS kept
        WHERE kept.session_id = OLD.session_id AND kept.seq = OLD.seq AND kept.text = OLD.text AND kept.words = OLD.words
            AND kept.start_ms = OLD.start_ms AND kept.end_ms = OLD.end_ms AND kept.speaker IS OLD.speaker
            AND kept.model = OLD.model AND kept.path = OLD.path AND kept.probability = OLD.probability
    )
BEGIN SELECT RAISE(ABORT, 'segments are never deleted alone'); END;

CREATE TRIGGER other_segments_are_never_changed BEFORE UPDATE ON other_segments
BEGIN SELECT RAISE(ABORT, 'segments are never changed'); END;
CREATE TRIGGER other_segments_are_kept BEFORE DELETE ON other_segments
WHEN EXISTS (SELECT 1 FROM hearings_anew WHERE session_id = OLD.session_id AND swaps > 0)
    AND NOT EXISTS (SELECT 1 FROM segments WHERE session_id = OLD.session_id AND seq = OLD.seq)
BEGIN SELECT RAISE(ABORT, 'segments are never deleted alone'); END;

CREATE TRIGGER hearings_go_with_their_session BEFORE DELETE ON hearings_anew
WHEN OLD.swaps > 0 AND EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
    AND NOT EXISTS (SELECT 1 FROM erased_ends WHERE session_id = OLD.session_id)
BEGIN SELECT RAISE(ABORT, 'hearings are never deleted alone'); END;
