"""A box with one session of 15,000 words, a practice's list of sessions, and one that is under way."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from support.web_box import WebBox
from support.web_sessions import MODEL, RATE_HZ, add_session, hum, start_tape

from app.domain import Cursor, Segment, SessionHead, SessionState, Word
from app.vault import session_rows
from app.vault.database import Connection
from app.vault.vault import Vault
from tests.bench.review.figures import progress

LONG, LIVE = "5e" * 16, "7a" * 16
WORDS, WORDS_A_LINE, WORD_MS = 15_000, 12, 360
LINES = WORDS // WORDS_A_LINE
LENGTH_S = 5400
SAID = "well I think my sister never said so and then we went for forty minutes".split()  # noqa: SIM905  a sentence
WAITING = 40  # of the list's sessions; the others are done


def line(seq: int, chance: random.Random) -> Segment:
    at_ms = seq * WORDS_A_LINE * WORD_MS
    words = tuple(
        Word(at_ms + n * WORD_MS, at_ms + n * WORD_MS + 300, chance.choice(SAID), chance.betavariate(9, 1))
        for n in range(WORDS_A_LINE)
    )
    text = " ".join(word.text for word in words)
    return Segment(seq, words[0].start_ms, words[-1].end_ms, "12"[seq % 2], text, 0.9, words, MODEL)


@contextmanager
def filled_box(sessions: int) -> Iterator[tuple[WebBox, Vault]]:
    """A box that is served."""
    progress(f"filling a vault with {WORDS:,} words and {sessions:,} sessions")
    with TemporaryDirectory() as folder:
        box = WebBox(Path(folder))
        vault = box.new_person()
        _add_long(box, vault)
        vault._database.write(lambda connection: _add_list(connection, sessions))
        box.start()
        try:
            yield box, vault
        finally:
            box.close()


def _add_long(box: WebBox, vault: Vault) -> None:
    """Two lines of it have sound: sealing 90 minutes would tell nothing of the page."""
    chance = random.Random(1)
    segments = [line(seq, chance) for seq in range(LINES)]
    add_session(vault, box.tapes_dir, segments[:2], session_id=LONG, started_at_ms=1_795_000_000_000)
    vault.sessions.set_state(LONG, SessionState.TRANSCRIBING)
    vault._database.write(lambda connection: connection.execute("UPDATE sessions SET heard_all = 0"))
    vault.sessions.append_segments(LONG, segments[2:], Cursor(RATE_HZ * LENGTH_S, next_seq=LINES, finished=True))
    vault.sessions.update_length(LONG, RATE_HZ * LENGTH_S)
    vault.sessions.set_state(LONG, SessionState.DRAFTED)


def _add_list(connection: Connection, sessions: int) -> None:
    for number in range(sessions):
        session_id = f"{number + 1:032x}"
        head = SessionHead(session_id, 1_790_000_000_000 + number * 3_600_000, True, RATE_HZ, 1)  # noqa: FBT003
        session_rows.insert_session(connection, head)
        state = SessionState.DRAFTED if number >= sessions - WAITING else SessionState.EXPORTED
        session_rows.update_state(connection, session_id, state, None)
        session_rows.update_samples(connection, session_id, RATE_HZ * 3000)
        connection.execute("UPDATE sessions SET words = 7000 WHERE session_id = ?", (session_id,))


class Room:
    """A session under way, whose words come a line at a time."""

    def __init__(self, box: WebBox, vault: Vault) -> None:
        self._box, self._sessions = box, vault.sessions
        self._chance, self.lines = random.Random(2), 0
        head = SessionHead(LIVE, 1_796_000_000_000, clock_trusted=True, sample_rate_hz=RATE_HZ, channels=1)
        self._tape = start_tape(box.tapes_dir, vault.account.public_key, head)
        self._sessions.add(head)

    def say_a_line(self) -> None:
        said = line(self.lines, self._chance)
        self.lines += 1
        while self._tape.samples < said.end_ms * RATE_HZ // 1000:
            self._tape.append_audio(hum(self._tape.samples // RATE_HZ, 1))
        self._sessions.update_length(LIVE, self._tape.samples)
        self._sessions.append_segments(LIVE, [said], Cursor(self._tape.samples, next_seq=self.lines))
        self._box.pipeline.changes.notify()

    def close(self) -> None:
        self._tape.close()
