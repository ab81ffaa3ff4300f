"""A practice's made-up records: years of transcripts in a real vault, words by Zipf's law."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from support.vaults import PASSPHRASE

from app.domain import Cursor, Segment, SessionHead, SessionState, Word
from app.records.people import ClientDetails
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault, Vaults

VOCABULARY = 30_000
WORDS_A_LINE = 14
CLIENTS = 40
STARTED_AT_MS = 1_700_000_000_000
RATE_HZ = 16_000
_FACTS = "practice.json"


@dataclass(frozen=True)
class Practice:
    vault: Vault
    vaults: Vaults
    sessions: int
    words: int  # a session
    text_bytes: int
    known: list[str]  # the vocabulary, by frequency
    clients: list[str]


def session_id(number: int) -> str:
    return f"{number + 1:032x}"


@contextmanager
def practice(folder: Path, sessions: int, words: int) -> Iterator[Practice]:
    """The practice in this folder; made where it is not there, or has another size.

    Raises:
        ValueError: The folder holds a practice of another size or version.
    """
    known = vocabulary(random.Random(7))
    vaults = Vaults(folder / "vaults", cost=CHEAP_COST)
    facts = folder / _FACTS
    try:
        if facts.exists():
            kept = json.loads(facts.read_text())
            if (kept["sessions"], kept["words"]) != (sessions, words):
                raise ValueError(f"{folder} holds a practice of another size; remove it first")
            if not vaults.accounts():
                raise ValueError(f"{folder} was made by another version; remove it first")
            vault, text_bytes = vaults.unlock(vaults.accounts()[0].vault_id, PASSPHRASE), kept["text_bytes"]
        else:
            vault, _ = vaults.create("Dr. Ada Example", PASSPHRASE)
            text_bytes = _fill(vault, known, sessions, words)
            facts.write_text(json.dumps({"sessions": sessions, "words": words, "text_bytes": text_bytes}))
        clients = [one.client_id for one in vault.clients.list()]
        yield Practice(vault, vaults, sessions, words, text_bytes, known, clients)
    finally:
        vaults.lock_all()


def vocabulary(chance: random.Random) -> list[str]:
    """Words that look like words: short ones are frequent, as in speech."""
    syllables = [a + b for a in "bdfghklmnprstvwz" for b in ("a", "e", "i", "o", "u", "ai", "an", "er", "in", "ou")]
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        fewest, most = (1, 1) if len(words) < 100 else (1, 2) if len(words) < 2_000 else (2, 4)
        words["".join(chance.choices(syllables, k=chance.randint(fewest, most)))] = None
    return list(words)


def _fill(vault: Vault, known: list[str], sessions: int, words: int) -> int:
    """Sessions as transcription leaves them, each a client's; gives the bytes of their text."""
    rng, text_bytes = np.random.default_rng(7), 0
    weights = 1 / (np.arange(VOCABULARY) + 2.7)
    cumulated = np.cumsum(weights / weights.sum())
    clients = [vault.clients.add(ClientDetails(f"C {number}")).client_id for number in range(CLIENTS)]
    for number in range(sessions):
        drawn = np.minimum(np.searchsorted(cumulated, rng.random(words)), VOCABULARY - 1)
        segments = list(_segments([known[at] for at in drawn]))
        text_bytes += sum(len(one.text) + 1 for one in segments)
        _add(vault, number, segments)
        vault.clients.link(session_id(number), clients[number % len(clients)], "bench")
    return text_bytes


def _add(vault: Vault, number: int, segments: list[Segment]) -> None:
    one = session_id(number)
    vault.sessions.add(SessionHead(one, STARTED_AT_MS + number * 3_600_000, True, RATE_HZ, 2))  # noqa: FBT003
    cursor = Cursor(segments[-1].end_ms * RATE_HZ // 1000, next_seq=len(segments), finished=True)
    vault.sessions.append_segments(one, segments, cursor)
    vault.sessions.set_state(one, SessionState.DRAFTED)


def _segments(words: list[str]) -> Iterator[Segment]:
    for seq, at in enumerate(range(0, len(words), WORDS_A_LINE)):
        line = words[at : at + WORDS_A_LINE]
        timed = tuple(Word((at + n) * 300, (at + n) * 300 + 280, one, 0.9) for n, one in enumerate(line))
        yield Segment(
            seq, timed[0].start_ms, timed[-1].end_ms, "12"[seq % 2], " ".join(line), 0.9, timed, "base@ebe41f7"
        )
