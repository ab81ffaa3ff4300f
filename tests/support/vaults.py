"""Throw-away vaults for tests: real files, real SQLCipher, a passphrase that costs nothing to try."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain import Context, Cursor, Segment, SessionHead, SessionState, Word
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault, Vaults

PASSPHRASE = "slow green river stone"
SESSION = "5e" * 16
OTHER_SESSION = "0d" * 16
STARTED_AT_MS = 1_795_000_000_000  # 18 November 2026, 11:06:40 UTC
RATE_HZ = 16_000


@contextmanager
def open_vault(folder: Path) -> Iterator[Vault]:
    """A new, empty, unlocked vault below the folder."""
    vaults = Vaults(folder / "vaults", cost=CHEAP_COST)
    vault, _ = vaults.create("Dr. Ada Example", PASSPHRASE)
    try:
        yield vault
    finally:
        vaults.lock_all()


def head(session_id: str = SESSION, started_at_ms: int = STARTED_AT_MS, *, clock_trusted: bool = True) -> SessionHead:
    return SessionHead(session_id, started_at_ms, clock_trusted, RATE_HZ, channels=2)


def segment(seq: int, text: str = "", speaker: str | None = "1") -> Segment:
    """Two seconds of speech, one segment after the other."""
    text = text or f"this is line {seq}"
    start_ms = seq * 2000
    words = tuple(Word(start_ms + 100 * at, start_ms + 100 * at + 90, one, 0.9) for at, one in enumerate(text.split()))
    return Segment(seq, start_ms, start_ms + 1900, speaker, text, 0.9, words, "base@ebe41f7")


def cursor(segments: int, *, finished: bool = False) -> Cursor:
    """Where transcription stands after this many segments."""
    return Cursor(segments * 2 * RATE_HZ, context=Context((7, 8), "en"), next_seq=segments, finished=finished)


def draft(vault: Vault, *texts: str, session_id: str = SESSION) -> None:
    """A session that was transcribed to its end; the speakers take turns."""
    segments = [segment(seq, text, "12"[seq % 2]) for seq, text in enumerate(texts)]
    vault.sessions.add(head(session_id))
    vault.sessions.update_length(session_id, len(segments) * 2 * RATE_HZ)
    vault.sessions.append_segments(session_id, segments, cursor(len(segments), finished=True))
    vault.sessions.set_state(session_id, SessionState.DRAFTED)


def files_with(needle: bytes, folder: Path) -> list[str]:
    """The names of all files below the folder whose raw bytes hold the needle."""
    return sorted(file.name for file in folder.rglob("*") if file.is_file() and needle in file.read_bytes())
