-- Who spoke when, told by the machine when a session had ended, and what people made of it (app.domain.Attribution,
-- VoiceChange). No voiceprint is kept anywhere.

CREATE TABLE attributions (
    session_id   TEXT PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    turns        TEXT NOT NULL, -- JSON: [[start_ms, end_ms, speaker, sure], ...]
    told         TEXT NOT NULL,
    voices       INTEGER NOT NULL,
    dead_channel INTEGER,
    whole        TEXT NOT NULL -- JSON: [seq, ...]
) STRICT;

CREATE TABLE voice_changes (
    change_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id    TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    kind          TEXT NOT NULL,
    detail        TEXT NOT NULL, -- JSON: speaker, other, first, last
    author        TEXT NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    undoes        INTEGER REFERENCES voice_changes ON DELETE CASCADE
) STRICT;

CREATE INDEX voice_changes_by_session ON voice_changes (session_id, change_id);
CREATE INDEX voice_changes_by_undone ON voice_changes (undoes) WHERE undoes IS NOT NULL;

CREATE TRIGGER attributions_are_never_changed BEFORE UPDATE ON attributions
BEGIN SELECT RAISE(ABORT, 'attributions are never changed'); END;
CREATE TRIGGER attributions_go_with_their_session BEFORE DELETE ON attributions
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
BEGIN SELECT RAISE(ABORT, 'attributions are never deleted alone'); END;

CREATE TRIGGER voice_changes_are_never_changed BEFORE UPDATE ON voice_changes
BEGIN SELECT RAISE(ABORT, 'voice changes are never changed'); END;
CREATE TRIGGER voice_changes_go_with_their_session BEFORE DELETE ON voice_changes
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
BEGIN SELECT RAISE(ABORT, 'voice changes are never deleted alone'); END;

-- A line may begin within a segment: at this word of it.
ALTER TABLE edits ADD COLUMN first_word INTEGER NOT NULL DEFAULT 0;
CREATE INDEX edits_by_piece ON edits (session_id, seq, first_word, edit_id);
