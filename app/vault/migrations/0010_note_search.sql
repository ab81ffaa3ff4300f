-- Where words stand in approved notes. The words themselves stay in the notes and are not stored again.

CREATE TABLE found_sentences (
    sentence_id INTEGER PRIMARY KEY REFERENCES note_sentences ON DELETE CASCADE,
    session_id  TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE
) STRICT;

CREATE INDEX found_sentences_by_session ON found_sentences (session_id);

CREATE TABLE found_notes (
    session_id   TEXT PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    content_hash TEXT NOT NULL -- of the approval whose note the index knows
) STRICT;

CREATE VIRTUAL TABLE note_search USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER note_search_goes_with_its_sentence AFTER DELETE ON found_sentences
BEGIN DELETE FROM note_search WHERE rowid = OLD.sentence_id; END;
