-- A practice's records: clients, appointments, consent, what is kept until when, and the search index.
-- Names and titles are clinical data and stand nowhere outside of this database.

CREATE TABLE clients (
    client_id      TEXT PRIMARY KEY CHECK (length(client_id) = 32),
    name           TEXT NOT NULL, -- or a code, as the therapist prefers
    kind           TEXT NOT NULL, -- app.records.people.Kind
    pronouns       TEXT NOT NULL,
    language       TEXT NOT NULL,
    vocabulary     TEXT NOT NULL, -- a word or name a line
    goals          TEXT NOT NULL,
    substance_use  INTEGER NOT NULL CHECK (substance_use IN (0, 1)),
    audio_days     INTEGER CHECK (audio_days >= 0), -- NULL: as the practice has it
    text_days      INTEGER CHECK (text_days >= 0),
    created_at_ms  INTEGER NOT NULL,
    archived_at_ms INTEGER,
    merged_into    TEXT REFERENCES clients ON DELETE CASCADE
) STRICT;

CREATE INDEX clients_by_merge ON clients (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE people (
    person_id TEXT PRIMARY KEY CHECK (length(person_id) = 32),
    client_id TEXT NOT NULL REFERENCES clients ON DELETE CASCADE,
    name      TEXT NOT NULL,
    left_at_ms INTEGER -- not in the room any more; what they signed is kept
) STRICT;

CREATE INDEX people_by_client ON people (client_id);

CREATE TABLE series (
    series_id TEXT PRIMARY KEY CHECK (length(series_id) = 32),
    source    TEXT NOT NULL, -- '' for what was made on this box, else the calendar it came from
    uid       TEXT NOT NULL,
    client_id TEXT REFERENCES clients ON DELETE CASCADE,
    title     TEXT NOT NULL,
    ics       TEXT NOT NULL, -- one VCALENDAR: the event with its rule, exceptions and changed occurrences
    first_ms  INTEGER NOT NULL, -- UTC epoch
    last_ms   INTEGER, -- NULL: without end
    UNIQUE (source, uid)
) STRICT;

CREATE INDEX series_by_span ON series (first_ms, last_ms);
CREATE INDEX series_by_client ON series (client_id);

-- What the recorder was told to belong to the next recording, so that a tape that names it finds its client.
CREATE TABLE prepared (
    appointment_id TEXT PRIMARY KEY CHECK (length(appointment_id) = 32),
    series_id      TEXT NOT NULL REFERENCES series ON DELETE CASCADE,
    client_id      TEXT REFERENCES clients ON DELETE CASCADE,
    starts_at_ms   INTEGER NOT NULL,
    ends_at_ms     INTEGER NOT NULL
) STRICT;

CREATE INDEX prepared_by_series ON prepared (series_id);
CREATE INDEX prepared_by_client ON prepared (client_id);

-- Whose session it was. The newest row of a session stands; a wrong link is corrected by another row.
CREATE TABLE session_links (
    link_id        INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id     TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    client_id      TEXT REFERENCES clients ON DELETE CASCADE, -- NULL: nobody's
    appointment_id TEXT,
    linked_by      TEXT NOT NULL,
    linked_at_ms   INTEGER NOT NULL
) STRICT;

CREATE INDEX session_links_by_session ON session_links (session_id, link_id);
CREATE INDEX session_links_by_client ON session_links (client_id);

CREATE TABLE consent_texts (
    text_id       INTEGER PRIMARY KEY AUTOINCREMENT,
    language      TEXT NOT NULL,
    version       INTEGER NOT NULL,
    jurisdiction  TEXT NOT NULL,
    title         TEXT NOT NULL,
    body          TEXT NOT NULL,
    valid_days    INTEGER CHECK (valid_days > 0), -- NULL: until it is withdrawn
    created_at_ms INTEGER NOT NULL,
    UNIQUE (language, version)
) STRICT;

CREATE TABLE consents (
    consent_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id    TEXT NOT NULL REFERENCES people ON DELETE CASCADE,
    text_id      INTEGER NOT NULL REFERENCES consent_texts,
    scopes       TEXT NOT NULL, -- app.records.consent.Scope, in alphabetical order, joined by commas
    method       TEXT NOT NULL, -- app.records.consent.Method
    signed_name  TEXT NOT NULL,
    signed_at_ms INTEGER NOT NULL,
    recorded_by  TEXT NOT NULL,
    session_id   TEXT, -- where it was said aloud
    at_ms        INTEGER
) STRICT;

CREATE INDEX consents_by_person ON consents (person_id, consent_id);

CREATE TABLE consent_withdrawals (
    withdrawal_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id       TEXT NOT NULL REFERENCES people ON DELETE CASCADE,
    scopes          TEXT NOT NULL,
    withdrawn_at_ms INTEGER NOT NULL,
    recorded_by     TEXT NOT NULL,
    past_erased     INTEGER NOT NULL CHECK (past_erased IN (0, 1))
) STRICT;

CREATE INDEX consent_withdrawals_by_person ON consent_withdrawals (person_id);

CREATE TABLE legal_holds (
    hold_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id    TEXT NOT NULL REFERENCES clients ON DELETE CASCADE,
    reason       TEXT NOT NULL,
    placed_by    TEXT NOT NULL,
    placed_at_ms INTEGER NOT NULL,
    lifted_by    TEXT,
    lifted_at_ms INTEGER
) STRICT;

CREATE INDEX legal_holds_by_client ON legal_holds (client_id);

-- When a clock that could be trusted first saw what a period counts from: a period never runs by a clock that was wrong.
CREATE TABLE retention_marks (
    session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    mark       TEXT NOT NULL, -- 'ended', or 'approved' and the approval's hash
    seen_at_ms INTEGER NOT NULL,
    PRIMARY KEY (session_id, mark)
) STRICT, WITHOUT ROWID;

CREATE TABLE sound_erasures (
    session_id   TEXT PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    due_at_ms    INTEGER NOT NULL,
    erased_at_ms INTEGER NOT NULL,
    samples      INTEGER NOT NULL
) STRICT;

-- That something was erased: how much and why, and nothing of what it was.
CREATE TABLE certificates (
    certificate_id TEXT PRIMARY KEY CHECK (length(certificate_id) = 32),
    reason         TEXT NOT NULL, -- app.records.retention.Reason
    issued_at_ms   INTEGER NOT NULL,
    counts         TEXT NOT NULL -- JSON: what was erased, and how many
) STRICT;

CREATE TRIGGER certificates_are_never_changed BEFORE UPDATE ON certificates
BEGIN SELECT RAISE(ABORT, 'certificates are never changed'); END;
CREATE TRIGGER certificates_are_never_deleted BEFORE DELETE ON certificates
BEGIN SELECT RAISE(ABORT, 'certificates are never deleted'); END;

CREATE TRIGGER consent_texts_are_never_changed BEFORE UPDATE ON consent_texts
BEGIN SELECT RAISE(ABORT, 'consent texts are never changed'); END;
CREATE TRIGGER consents_are_never_changed BEFORE UPDATE OF text_id, scopes, method, signed_name, signed_at_ms, recorded_by ON consents
BEGIN SELECT RAISE(ABORT, 'consents are never changed'); END;
CREATE TRIGGER consents_go_with_their_person BEFORE DELETE ON consents
WHEN EXISTS (SELECT 1 FROM people WHERE person_id = OLD.person_id)
BEGIN SELECT RAISE(ABORT, 'consents are never deleted alone'); END;

-- Full text of the transcripts as they stand. A page is a stretch of lines; the words themselves stay in the lines and
-- are not stored again.
CREATE TABLE search_pages (
    page_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    first_seq  INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL
) STRICT;

CREATE INDEX search_pages_by_session ON search_pages (session_id);

CREATE TABLE search_versions (
    session_id TEXT PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    version    TEXT NOT NULL -- what of the session the index knows
) STRICT;

CREATE VIRTUAL TABLE search USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER search_goes_with_its_page AFTER DELETE ON search_pages
BEGIN DELETE FROM search WHERE rowid = OLD.page_id; END;
