"""Small tapes for tests: 50 samples a second, so that a whole session has a few hundred bytes."""

import random
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from firmware.tape import ConsentEvent, Recipient, Record, TapeReader, TapeWriter, open_session_key, read_head

RATE_HZ = 50
PRIVATE_KEY = bytes(range(1, 33))
RECIPIENT = Recipient(X25519PrivateKey.from_private_bytes(PRIVATE_KEY).public_key().public_bytes_raw())
SESSION_ID = "0123456789abcdef0123456789abcdef"
OTHER_SESSION_ID = "fedcba9876543210fedcba9876543210"
STARTED_AT_MS = 1_700_000_000_000


def new_tape(
    tapes_dir: Path, session_id: str = SESSION_ID, *, rate_hz: int = RATE_HZ, channels: int = 1, segment_s: int = 300
) -> TapeWriter:
    return TapeWriter.create(
        tapes_dir,
        session_id,
        RECIPIENT,
        sample_rate_hz=rate_hz,
        channels=channels,
        started_at_ms=STARTED_AT_MS,
        clock_trusted=True,
        segment_s=segment_s,
    )


def session_key(folder: Path) -> bytes:
    return open_session_key(read_head(folder), PRIVATE_KEY)


def open_tape(folder: Path) -> TapeReader:
    return TapeReader(folder, session_key(folder))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def noise(samples: int, seed: int = 0, channels: int = 1) -> bytes:
    return random.Random(seed).randbytes(samples * 2 * channels)


def record_session(writer: TapeWriter, *, close: bool = True) -> None:
    """A short session with something of everything: four segments, 170 samples of sound and a gap of 30."""
    writer.append_consent(ConsentEvent.GIVEN, at_ms=STARTED_AT_MS, clock_trusted=True)
    writer.append_audio(noise(50, 1))
    writer.append_mark("note")
    writer.append_audio(noise(50, 2))
    writer.append_gap(30)
    writer.append_audio(noise(20, 3))
    writer.append_consent(ConsentEvent.PAUSED)
    writer.append_consent(ConsentEvent.RESUMED)
    writer.append_audio(noise(40, 4))
    writer.append_fault("microphone_lost")
    writer.append_audio(noise(10, 5))
    if close:
        writer.close()
    else:
        writer.abandon()


def events_of(folder: Path) -> list[Record]:
    return list(open_tape(folder).events())
