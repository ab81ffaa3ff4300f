-- That a session was withdrawn and erased: when and how much, and nothing of what was said. A session that has a
-- receipt never comes back.

CREATE TABLE receipts (
    session_id     TEXT PRIMARY KEY CHECK (length(session_id) = 32),
    asked_by       TEXT NOT NULL, -- app.domain.Receipt
    asked_at_ms    INTEGER NOT NULL,
    clock_trusted  INTEGER NOT NULL CHECK (clock_trusted IN (0, 1)),
    erased_at_ms   INTEGER NOT NULL,
    samples        INTEGER NOT NULL,
    sample_rate_hz INTEGER NOT NULL CHECK (sample_rate_hz > 0),
    words          INTEGER NOT NULL,
    edits          INTEGER NOT NULL
) STRICT;

CREATE TRIGGER receipts_are_never_changed BEFORE UPDATE ON receipts
BEGIN SELECT RAISE(ABORT, 'receipts are never changed'); END;
CREATE TRIGGER receipts_are_never_deleted BEFORE DELETE ON receipts
BEGIN SELECT RAISE(ABORT, 'receipts are never deleted'); END;
