"""A tape as a WAV file that exists nowhere: only the bytes asked for are made, in memory.

Handles speech in clear. Both microphones are mixed into one channel of 16-bit samples.
Source: RFC 9110, section 14 (ranges).
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.vault.errors import NoSuchSession
from app.wave import HEADER_BYTES, SAMPLE_BYTES, wave_header
from app.web.audited import audited
from app.web.desk import Person, SignedIn, TheDesk
from app.web.opened import find_row
from firmware.tape import TapeReader, read_head

# About half a minute: the browser asks again as it plays, so an answer stays small in memory and a player that runs
# keeps its listener signed in.
MAX_ANSWER_BYTES = 1024 * 1024
RANGE = re.compile(r"bytes=(\d*)-(\d*)")

router = APIRouter()


class WavOfTape:
    """The first `samples` frames of a tape as a mono WAV file. Any thread, one at a time."""

    def __init__(self, tape: TapeReader, samples: int) -> None:
        self._tape = tape
        self.samples = min(samples, tape.samples)

    @property
    def size(self) -> int:
        return HEADER_BYTES + self.samples * SAMPLE_BYTES

    def read(self, start: int, end: int) -> bytes:
        """Give the bytes from `start` up to `end`, exclusive; decrypts only the records they lie in."""
        end = min(end, self.size)
        header = wave_header(self._tape.head.sample_rate_hz, 1, self.samples)[start:end]
        sound_start, sound_end = max(0, start - HEADER_BYTES), max(0, end - HEADER_BYTES)
        first, last = sound_start // SAMPLE_BYTES, -(-sound_end // SAMPLE_BYTES)
        sound = self._mono(first, last - first)
        offset = sound_start - first * SAMPLE_BYTES
        return header + sound[offset : offset + sound_end - sound_start]

    def _mono(self, first: int, samples: int) -> bytes:
        if samples <= 0:
            return b""
        channels = self._tape.head.channels
        frames = np.frombuffer(self._tape.read_pcm(first, samples), dtype="<i2").reshape(-1, channels)
        mixed: bytes = frames.mean(axis=1).round().astype("<i2").tobytes()
        return mixed


@dataclass(frozen=True, slots=True)
class ByteRange:
    start: int
    end: int  # exclusive


def asked_range(header: str | None, size: int) -> ByteRange | None:
    """Read a Range header; None where the whole was asked for.

    Raises:
        HTTPException: 416, the range lies outside of the file.
    """
    match = RANGE.fullmatch((header or "").replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None  # RFC 9110: a range that is not understood is ignored
    first, last = match.groups()
    if first:
        start, end = int(first), int(last) + 1 if last else size
    else:
        start, end = max(0, size - int(last)), size
    if start >= size or end <= start:
        raise HTTPException(416, headers={"Content-Range": f"bytes */{size}"})
    return ByteRange(start, min(end, size))


@router.get("/sessions/{session_id}/audio.wav", dependencies=[audited("sound.heard", "heard sound of the session")])
def audio(request: Request, desk: TheDesk, person: Person, session_id: str, samples: int | None = None) -> Response:
    """Give a range of the session's sound.

    `samples` fixes the length: a tape that still grows would otherwise be another file with every answer.
    """
    find_row(person, session_id)
    tape = _open_tape(person, desk.settings.data_dir / "tapes" / session_id)
    wav = WavOfTape(tape, tape.samples if samples is None else max(0, samples))
    asked = asked_range(request.headers.get("range"), wav.size)
    if asked is None:
        return Response(wav.read(0, wav.size), headers={"Accept-Ranges": "bytes"}, media_type="audio/wav")
    end = min(asked.end, asked.start + MAX_ANSWER_BYTES)
    headers = {"Accept-Ranges": "bytes", "Content-Range": f"bytes {asked.start}-{end - 1}/{wav.size}"}
    return Response(wav.read(asked.start, end), 206, headers, media_type="audio/wav")


def _open_tape(person: SignedIn, folder: Path) -> TapeReader:
    if not folder.is_dir():
        raise NoSuchSession("The recording of this session was erased.")
    key = person.vault.session_key(folder.name)
    return TapeReader(folder, key if key is not None else person.vault.open_tape_key(read_head(folder)))
