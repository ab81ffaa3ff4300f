-- What a review did beside editing: what was listened to, which doubtful places were found right, and what a person set
-- beside the transcript. Lines are named by their number (app.review.Line.seq), which is not a segment's where one
-- segment was split.

CREATE TABLE heard_spans (
    span_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id  TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    start_ms    INTEGER NOT NULL,
    end_ms      INTEGER NOT NULL CHECK (end_ms > start_ms),
    heard_by    TEXT NOT NULL,
    heard_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX heard_by_session ON heard_spans (session_id, start_ms);

CREATE TABLE accepted_places (
    session_id     TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    seq            INTEGER NOT NULL,
    start_ms       INTEGER NOT NULL, -- of the first doubtful word
    accepted_by    TEXT NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    PRIMARY KEY (session_id, seq, start_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE marks (
    mark_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    kind       TEXT NOT NULL, -- app.domain.MarkKind
    seq        INTEGER NOT NULL, -- the line that it stands with
    text       TEXT NOT NULL, -- what was noted, or the words to hide
    author     TEXT NOT NULL,
    set_at_ms  INTEGER NOT NULL
) STRICT;

CREATE INDEX marks_by_session ON marks (session_id, mark_id);

CREATE TABLE mark_removals (
    mark_id       INTEGER PRIMARY KEY REFERENCES marks ON DELETE CASCADE,
    removed_by    TEXT NOT NULL,
    removed_at_ms INTEGER NOT NULL
) STRICT;

-- What somebody was typing and has neither kept nor left yet: replaced as they type, gone when they are done.
CREATE TABLE unkept_lines (
    session_id  TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    seq         INTEGER NOT NULL,
    author      TEXT NOT NULL,
    text        TEXT NOT NULL,
    typed_at_ms INTEGER NOT NULL,
    PRIMARY KEY (session_id, seq, author)
) STRICT, WITHOUT ROWID;

CREATE TABLE addenda (
    addendum_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    approval_id  INTEGER NOT NULL REFERENCES approvals ON DELETE CASCADE,
    text         TEXT NOT NULL,
    author       TEXT NOT NULL,
    added_at_ms  INTEGER NOT NULL,
    content_hash TEXT NOT NULL CHECK (length(content_hash) = 64) -- app.review.binding.addendum_hash
) STRICT;

CREATE INDEX addenda_by_approval ON addenda (approval_id, addendum_id);

ALTER TABLE approvals ADD COLUMN done TEXT NOT NULL DEFAULT ''; -- JSON: what was actually done before approving

CREATE TRIGGER heard_spans_are_never_changed BEFORE UPDATE ON heard_spans
BEGIN SELECT RAISE(ABORT, 'what was heard is never changed'); END;
CREATE TRIGGER marks_are_never_changed BEFORE UPDATE ON marks
BEGIN SELECT RAISE(ABORT, 'marks are never changed'); END;
CREATE TRIGGER marks_go_with_their_session BEFORE DELETE ON marks
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
BEGIN SELECT RAISE(ABORT, 'marks are never deleted alone'); END;
CREATE TRIGGER mark_removals_are_never_changed BEFORE UPDATE ON mark_removals
BEGIN SELECT RAISE(ABORT, 'removals of marks are never changed'); END;
CREATE TRIGGER addenda_are_never_changed BEFORE UPDATE ON addenda
BEGIN SELECT RAISE(ABORT, 'addenda are never changed'); END;
CREATE TRIGGER addenda_go_with_their_approval BEFORE DELETE ON addenda
WHEN EXISTS (SELECT 1 FROM approvals WHERE approval_id = OLD.approval_id)
BEGIN SELECT RAISE(ABORT, 'addenda are never deleted alone'); END;
