"""The sound of a session as a WAV file in pieces, every microphone on a channel of its own. Sound in clear."""

from collections.abc import Iterator
from pathlib import Path

from app.vault.vault import Vault
from app.wave import wave_header
from firmware.tape import TapeReader, read_head

PIECE_S = 20


def sound_name(session_id: str) -> str:
    return f"sound/{session_id}.wav"


def sound_pieces(vault: Vault, tape: Path) -> Iterator[bytes]:
    """Open a tape of this vault and give its sound; silent where it was paused, erased or lost.

    Raises:
        firmware.tape.TapeError: It is damaged, or was erased a moment ago.
    """
    key = vault.session_key(tape.name)
    reader = TapeReader(tape, key if key is not None else vault.open_tape_key(read_head(tape)))
    return _pieces(reader)


def _pieces(reader: TapeReader) -> Iterator[bytes]:
    rate_hz, samples = reader.head.sample_rate_hz, reader.samples
    yield wave_header(rate_hz, reader.head.channels, samples)
    for start in range(0, samples, PIECE_S * rate_hz):
        yield reader.read_pcm(start, min(PIECE_S * rate_hz, samples - start))
