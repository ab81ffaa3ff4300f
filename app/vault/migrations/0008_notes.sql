-- Draft notes and what people made of them. Drafts and their sentences stay as they were written; what happens to a
-- sentence is only ever added to. A session's latest draft is its note.

CREATE TABLE note_drafts (
    draft_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id    TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    format_name   TEXT NOT NULL,
    headings      TEXT NOT NULL, -- JSON: [[name, belongs, prompt, judgement], ...]: the format as it was then
    drafter       TEXT NOT NULL,
    version       TEXT NOT NULL,
    model_sha256  TEXT NOT NULL,
    notices       TEXT NOT NULL, -- JSON: sentences for the therapist
    drafted_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX note_drafts_by_session ON note_drafts (session_id, draft_id);

CREATE TABLE note_sentences (
    sentence_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    draft_id      INTEGER NOT NULL REFERENCES note_drafts ON DELETE CASCADE,
    heading       TEXT NOT NULL, -- '' is the summary
    text          TEXT NOT NULL,
    lines         TEXT NOT NULL, -- JSON: the keys of the transcript's lines that it rests on
    said_by       TEXT NOT NULL, -- app.domain.NoteSentence
    author        TEXT NOT NULL, -- '' is the drafter
    written_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX note_sentences_by_draft ON note_sentences (draft_id, sentence_id);

CREATE TABLE note_changes (
    change_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    sentence_id   INTEGER NOT NULL REFERENCES note_sentences ON DELETE CASCADE,
    text          TEXT, -- as it reads from now on; NULL takes the sentence out
    lines         TEXT NOT NULL,
    accepted      TEXT NOT NULL, -- '' or SHA-256 of the sentence and its sources that somebody puts their name under
    author        TEXT NOT NULL,
    changed_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX note_changes_by_sentence ON note_changes (sentence_id, change_id);

CREATE TRIGGER note_drafts_are_never_changed BEFORE UPDATE ON note_drafts
BEGIN SELECT RAISE(ABORT, 'drafts are never changed'); END;
CREATE TRIGGER note_drafts_go_with_their_session BEFORE DELETE ON note_drafts
WHEN EXISTS (SELECT 1 FROM sessions WHERE session_id = OLD.session_id)
BEGIN SELECT RAISE(ABORT, 'drafts are never deleted alone'); END;

CREATE TRIGGER note_sentences_are_never_changed BEFORE UPDATE ON note_sentences
BEGIN SELECT RAISE(ABORT, 'sentences are never changed'); END;
CREATE TRIGGER note_sentences_go_with_their_draft BEFORE DELETE ON note_sentences
WHEN EXISTS (SELECT 1 FROM note_drafts WHERE draft_id = OLD.draft_id)
BEGIN SELECT RAISE(ABORT, 'sentences are never deleted alone'); END;

CREATE TRIGGER note_changes_are_never_changed BEFORE UPDATE ON note_changes
BEGIN SELECT RAISE(ABORT, 'changes are never changed'); END;
CREATE TRIGGER note_changes_go_with_their_sentence BEFORE DELETE ON note_changes
WHEN EXISTS (SELECT 1 FROM note_sentences WHERE sentence_id = OLD.sentence_id)
BEGIN SELECT RAISE(ABORT, 'changes are never deleted alone'); END;
