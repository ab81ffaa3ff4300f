-- Times are UTC epoch milliseconds where a name ends in _at_ms, and milliseconds of the tape elsewhere.
-- States and kinds are closed by the enums of app.domain, so that a new one needs no new table.

CREATE TABLE sessions (
    session_id     TEXT PRIMARY KEY CHECK (length(session_id) = 32),
    started_at_ms  INTEGER NOT NULL,
    clock_trusted  INTEGER NOT NULL CHECK (clock_trusted IN (0, 1)),
    sample_rate_hz INTEGER NOT NULL CHECK (sample_rate_hz > 0),
    channels       INTEGER NOT NULL CHECK (channels > 0),
    state          TEXT NOT NULL,
    problem        TEXT,
    samples        INTEGER NOT NULL DEFAULT 0,
    words          INTEGER NOT NULL DEFAULT 0, -- of the machine, counted as they come so that the list need not
    -- how far it was heard (app.domain.Cursor)
    heard_samples  INTEGER NOT NULL DEFAULT 0,
    heard_context  TEXT NOT NULL DEFAULT '{}', -- JSON: app.domain.Context
    heard_segments INTEGER NOT NULL DEFAULT 0,
    heard_all      INTEGER NOT NULL DEFAULT 0 CHECK (heard_all IN (0, 1))
) STRICT;

CREATE INDEX sessions_by_start ON sessions (started_at_ms, session_id);

CREATE TABLE segments (
    session_id  TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    seq         INTEGER NOT NULL,
    start_ms    INTEGER NOT NULL,
    end_ms      INTEGER NOT NULL,
    speaker     TEXT,
    text        TEXT NOT NULL,
    probability REAL NOT NULL,
    words       TEXT NOT NULL, -- JSON: [[start_ms, end_ms, text, probability], ...]
    model       TEXT NOT NULL,
    path        TEXT NOT NULL DEFAULT 'first', -- app.domain.Path
    PRIMARY KEY (session_id, seq)
) STRICT;

CREATE TABLE pauses (
    session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    at_ms      INTEGER NOT NULL,
    PRIMARY KEY (session_id, at_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE edits (
    edit_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id   TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    seq          INTEGER NOT NULL,
    text         TEXT, -- '' strikes the line out; NULL: the machine's words stand again
    author       TEXT NOT NULL,
    edited_at_ms INTEGER NOT NULL,
    undoes       INTEGER REFERENCES edits ON DELETE CASCADE,
    FOREIGN KEY (session_id, seq) REFERENCES segments ON DELETE CASCADE
) STRICT;

CREATE INDEX edits_by_line ON edits (session_id, seq, edit_id);
CREATE INDEX edits_by_undone ON edits (undoes) WHERE undoes IS NOT NULL;

CREATE TABLE approvals (
    approval_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id     TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    content_hash   TEXT NOT NULL CHECK (length(content_hash) = 64),
    attestation    TEXT NOT NULL,
    approved_by    TEXT NOT NULL,
    approved_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX approvals_by_session ON approvals (session_id, approval_id);

CREATE TABLE revocations (
    approval_id   INTEGER PRIMARY KEY REFERENCES approvals ON DELETE CASCADE,
    revoked_by    TEXT NOT NULL,
    revoked_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE exports (
    export_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    approval_id    INTEGER NOT NULL REFERENCES approvals ON DELETE CASCADE,
    kind           TEXT NOT NULL,
    exported_by    TEXT NOT NULL,
    exported_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX exports_by_approval ON exports (approval_id, export_id);

-- What a machine heard and what people did stays as it was written. It goes only together with its whole session: a
-- cascade finds the session's row gone already, and lets it pass.

CREATE TRIGGER segments_are_never_changed BEFORE UPDATE ON segments
BEGIN SELECT RAISE(ABORT, 'segments are never changed'); END;
CREATE TRIGGER segments_go_with_their_session BEFORE DELETE ON segments
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
BEGIN SELECT RAISE(ABORT, 'segments are never deleted alone'); END;

CREATE TRIGGER pauses_are_never_changed BEFORE UPDATE ON pauses
BEGIN SELECT RAISE(ABORT, 'pauses are never changed'); END;
CREATE TRIGGER pauses_go_with_their_session BEFORE DELETE ON pauses
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
BEGIN SELECT RAISE(ABORT, 'pauses are never deleted alone'); END;

CREATE TRIGGER edits_are_never_changed BEFORE UPDATE ON edits
BEGIN SELECT RAISE(ABORT, 'edits are never changed'); END;
CREATE TRIGGER edits_go_with_their_session BEFORE DELETE ON edits
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
BEGIN SELECT RAISE(ABORT, 'edits are never deleted alone'); END;

CREATE TRIGGER approvals_are_never_changed BEFORE UPDATE ON approvals
BEGIN SELECT RAISE(ABORT, 'approvals are never changed'); END;
CREATE TRIGGER approvals_go_with_their_session BEFORE DELETE ON approvals
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
BEGIN SELECT RAISE(ABORT, 'approvals are never deleted alone'); END;

CREATE TRIGGER revocations_are_never_changed BEFORE UPDATE ON revocations
BEGIN SELECT RAISE(ABORT, 'revocations are never changed'); END;
CREATE TRIGGER revocations_go_with_their_approval BEFORE DELETE ON revocations
WHEN EXISTS (SELECT 1 FROM approvals WHERE approval_id = OLD.approval_id)
BEGIN SELECT RAISE(ABORT, 'revocations are never deleted alone'); END;

CREATE TRIGGER exports_are_never_changed BEFORE UPDATE ON exports
BEGIN SELECT RAISE(ABORT, 'exports are never changed'); END;
CREATE TRIGGER exports_go_with_their_approval BEFORE DELETE ON exports
WHEN EXISTS (SELECT 1 FROM approvals WHERE approval_id = OLD.approval_id)
BEGIN SELECT RAISE(ABORT, 'exports are never deleted alone'); END;
