-- Voices can be told apart anew, for another number of people: every telling is kept, and the latest counts. Each says
-- where two people speak at once, and who sits on the therapist's seat (app.domain.Attribution).

DROP TRIGGER attributions_are_never_changed;
DROP TRIGGER attributions_go_with_their_session;
ALTER TABLE attributions RENAME TO attributions_before;

CREATE TABLE attributions (
    attribution_id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id   TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    turns        TEXT NOT NULL, -- JSON: [[start_ms, end_ms, speaker, sure], ...]
    told         TEXT NOT NULL,
    voices       INTEGER NOT NULL,
    dead_channel INTEGER,
    whole        TEXT NOT NULL, -- JSON: [seq, ...]
    overlaps     TEXT NOT NULL DEFAULT '[]', -- JSON: [[start_ms, end_ms], ...]
    therapist    TEXT,
    asked        INTEGER NOT NULL DEFAULT 2,
    kept         TEXT NOT NULL DEFAULT '[]' -- JSON: [[first, last, speaker], ...]
) STRICT;
CREATE INDEX attributions_by_session ON attributions (session_id, attribution_id);
INSERT INTO attributions (session_id, turns, told, voices, dead_channel, whole)
SELECT session_id, turns, told, voices, dead_channel, whole FROM attributions_before;
DROP TABLE attributions_before;

CREATE TRIGGER attributions_are_never_changed BEFORE UPDATE ON attributions
BEGIN SELECT RAISE(ABORT, 'attributions are never changed'); END;
CREATE TRIGGER attributions_go_with_their_session BEFORE DELETE ON attributions
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
BEGIN SELECT RAISE(ABORT, 'attributions are never deleted alone'); END;

-- Whom somebody asked to tell apart: looked for often, and seldom there.
CREATE INDEX voice_changes_of_people ON voice_changes (session_id) WHERE kind = 'people';
