"""Sessions to look at: the demo conversation as a machine might have heard it, on a tape that can be played."""

import math
import random
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.domain import Cursor, Pause, Segment, SessionHead, SessionState, Word
from app.vault.vault import Vault
from firmware.tape import ConsentEvent, Recipient, TapeWriter
from tacet.demo_session.script import Speaker, read_script

RATE_HZ = 8000  # half of the real rate: tests seal less
WORD_MS = 320
MODEL = "Whisper base"


def conversation(seed: int = 1, turns: int | None = None) -> tuple[Segment, ...]:
    """The demo conversation with word times and made-up probabilities, a line a turn."""
    chance, at_ms, segments = random.Random(seed), 1500, []
    for seq, turn in enumerate(read_script()[:turns]):
        words = tuple(_words(turn.text.split(), at_ms, chance))
        speaker = "1" if turn.speaker is Speaker.THERAPIST else "2"
        segments.append(_segment(seq, speaker, words))
        at_ms = words[-1].end_ms + round(turn.pause_s * 1000)
    return tuple(segments)


def plain(*texts: str) -> tuple[Segment, ...]:
    """Lines of one's own, heard well, two seconds apart at least."""
    at_ms, segments = 500, []
    for seq, text in enumerate(texts):
        words = tuple(Word(at_ms + 300 * n, at_ms + 300 * n + 280, one, 0.95) for n, one in enumerate(text.split()))
        segments.append(_segment(seq, "12"[seq % 2], words))
        at_ms += 300 * len(words) + 2000
    return tuple(segments)


def seal_tape(tapes_dir: Path, public_key: bytes, head: SessionHead, duration_ms: int, pauses: Sequence[Pause]) -> int:
    """Seal a tape with a hum whose pitch rises every second; give its frames."""
    writer = start_tape(tapes_dir, public_key, head)
    paused = {pause.at_ms // 1000 for pause in pauses}
    for second in range(math.ceil(duration_ms / 1000)):
        if second in paused:
            writer.append_consent(ConsentEvent.PAUSED)
            writer.append_consent(ConsentEvent.RESUMED)
        writer.append_audio(hum(second, head.channels))
    writer.close()
    return math.ceil(duration_ms / 1000) * RATE_HZ


def start_tape(tapes_dir: Path, public_key: bytes, head: SessionHead) -> TapeWriter:
    writer = TapeWriter.create(
        tapes_dir,
        head.session_id,
        Recipient(public_key),
        sample_rate_hz=head.sample_rate_hz,
        channels=head.channels,
        started_at_ms=head.started_at_ms,
        clock_trusted=head.clock_trusted,
        segment_s=300,
    )
    writer.append_consent(ConsentEvent.GIVEN, at_ms=head.started_at_ms, clock_trusted=head.clock_trusted)
    return writer


def hum(second: int, channels: int) -> bytes:
    """One second, quieter on the second channel, so that a wrong mix shows."""
    pitch_hz = 200 + 20 * second % 600
    wave = [round(8000 * math.sin(2 * math.pi * pitch_hz * n / RATE_HZ)) for n in range(RATE_HZ)]
    return struct.pack(
        f"<{RATE_HZ * channels}h", *(one // (1 + channel) for one in wave for channel in range(channels))
    )


def add_session(  # noqa: PLR0913  a session has that many sides
    vault: Vault,
    tapes_dir: Path,
    segments: Sequence[Segment],
    *,
    session_id: str,
    started_at_ms: int,
    state: SessionState = SessionState.DRAFTED,
    pauses: Sequence[Pause] = (),
) -> str:
    """A session with its sealed tape, heard to its end."""
    head = SessionHead(session_id, started_at_ms, clock_trusted=True, sample_rate_hz=RATE_HZ, channels=2)
    duration_ms = (segments[-1].end_ms if segments else 0) + 2000
    samples = seal_tape(tapes_dir, vault.account.public_key, head, duration_ms, pauses)
    sessions = vault.sessions
    sessions.add(head)
    sessions.update_length(session_id, samples)
    sessions.add_pauses(session_id, pauses)
    finished = state not in {SessionState.RECORDING, SessionState.CAPTURED, SessionState.TRANSCRIBING}
    sessions.append_segments(session_id, segments, Cursor(samples, next_seq=len(segments), finished=finished))
    sessions.set_state(session_id, state)
    return session_id


def _segment(seq: int, speaker: str, words: tuple[Word, ...]) -> Segment:
    text = " ".join(word.text for word in words)
    mean = sum(word.probability for word in words) / len(words)
    return Segment(seq, words[0].start_ms, words[-1].end_ms, speaker, text, mean, words, MODEL)


def _words(texts: Sequence[str], at_ms: int, chance: random.Random) -> Iterator[Word]:
    for text in texts:
        if text == "|":
            at_ms += 500
            continue
        probability = chance.uniform(0.08, 0.48) if chance.random() < 0.03 else chance.uniform(0.72, 1.0)
        yield Word(at_ms, at_ms + WORD_MS - 30, text, probability)
        at_ms += WORD_MS
