-- Which machines heard a session: '' is this box, others are of the clinic's pool.

CREATE TABLE heard_by (
    session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    machine    TEXT NOT NULL,
    windows    INTEGER NOT NULL,
    PRIMARY KEY (session_id, machine)
) STRICT, WITHOUT ROWID;
