-- The golden thread: which sentence of a note serves which goal of the client's plan. Only ever added to; the newest row
-- of a sentence and a goal stands. A goal is its words, a line of clients.goals: reworded, it is linked anew.

CREATE TABLE goal_links (
    link_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    sentence_id  INTEGER NOT NULL REFERENCES note_sentences ON DELETE CASCADE,
    goal         TEXT NOT NULL,
    linked       INTEGER NOT NULL CHECK (linked IN (0, 1)),
    author       TEXT NOT NULL,
    linked_at_ms INTEGER NOT NULL -- UTC epoch
) STRICT;

CREATE INDEX goal_links_by_sentence ON goal_links (sentence_id, link_id);

CREATE TRIGGER goal_links_are_never_changed BEFORE UPDATE ON goal_links
BEGIN SELECT RAISE(ABORT, 'links are never changed'); END;
CREATE TRIGGER goal_links_go_with_their_sentence BEFORE DELETE ON goal_links
WHEN EXISTS (SELECT 1 FROM note_sentences WHERE sentence_id = OLD.sentence_id)
BEGIN SELECT RAISE(ABORT, 'links are never deleted alone'); END;
