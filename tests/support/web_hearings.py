"""A session that a second model has heard anew, to look at."""

from dataclasses import replace

from app.domain import Attribution, Cursor, Segment, Told, Word
from app.review import changed_words
from app.vault.vault import Vault

SECOND_MODEL = "Whisper small"


def hear_anew(vault: Vault, session_id: str, otherwise: dict[str, str]) -> None:
    """Heard to its end, with these words heard otherwise; it stands from now on."""
    vault.sessions.add_attribution(session_id, Attribution((), Told.NOBODY))
    assert vault.hearings.begin(session_id, SECOND_MODEL)
    at = vault.hearings.cursor(session_id)
    first = vault.sessions.segments(session_id)
    second = [_otherwise(one, at.next_seq + number, otherwise) for number, one in enumerate(first)]
    row = vault.sessions.get(session_id)
    assert row is not None
    end = Cursor(row.samples, next_seq=at.next_seq + len(second), finished=True)
    vault.hearings.append_segments(session_id, second, end)
    assert vault.hearings.take_over(session_id, SECOND_MODEL, changed_words(first, second))


def _otherwise(segment: Segment, seq: int, otherwise: dict[str, str]) -> Segment:
    words = tuple(_word(word, otherwise) for word in segment.words)
    return replace(segment, seq=seq, words=words, text=" ".join(word.text for word in words), model=SECOND_MODEL)


def _word(word: Word, otherwise: dict[str, str]) -> Word:
    return replace(word, text=otherwise.get(word.text, word.text), probability=max(word.probability, 0.9))
