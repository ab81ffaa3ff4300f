"""A recording that is played as if it were spoken in the room: for simulation, demonstration and tests."""

from __future__ import annotations

import threading
import time
from itertools import chain
from typing import TYPE_CHECKING, Literal

import av

from firmware.microphone import MicrophoneMissing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from firmware.microphone import BlockSink

BLOCK_MS = 50
_BYTES_PER_SAMPLE = 2


class FileMicrophone:
    """Plays any audio file that FFmpeg reads, at `speed` times real time and at the rate that was asked for.

    Closing it stops the file, opening it goes on at the next sample: between `rewind` and the end every sample is
    delivered exactly once, and unchanged where the file has the wanted rate and channels. At the file's end it
    delivers silence for ever, starts again, or ends (`ended`). Where the file breaks off undecodable it falls silent
    without having ended, as a real microphone would, and says why in `problem`.
    """

    def __init__(
        self, path: Path, sample_rate_hz: int, channels: int, *, speed: float, at_end: Literal["silence", "loop", "end"]
    ) -> None:
        self._path = path
        self._sample_rate_hz = sample_rate_hz
        self._channels = channels
        self._speed = speed
        self._at_end = at_end
        self._block_bytes = sample_rate_hz * BLOCK_MS // 1000 * channels * _BYTES_PER_SAMPLE
        self._blocks = self._play()
        self._closing = threading.Event()
        self._player: threading.Thread | None = None
        self._damage: str | None = None
        self._ended = False

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def ended(self) -> bool:
        return self._ended

    def problem(self) -> str | None:
        if self._damage is not None:
            return self._damage
        try:
            next(self._decode())
        except (MicrophoneMissing, StopIteration) as error:
            return str(error) or self._no_audio()
        return None

    def rewind(self) -> None:
        self._blocks = self._play()
        self._ended = False

    def open(self, on_block: BlockSink) -> None:
        if (problem := self.problem()) is not None:
            raise MicrophoneMissing(problem)
        self._closing = threading.Event()
        self._player = threading.Thread(
            target=self._feed, args=(on_block, self._closing), name="file microphone", daemon=True
        )
        self._player.start()

    def close(self) -> None:
        self._closing.set()
        if self._player is not None:
            self._player.join()
            self._player = None

    def _feed(self, on_block: BlockSink, closing: threading.Event) -> None:
        """Delivers each block when its last sample would have been spoken; late ones as quickly as it can."""
        started_s = time.monotonic()
        delivered_s = 0.0
        while True:
            due_s = started_s + (delivered_s + BLOCK_MS / 1000) / self._speed
            if closing.wait(max(0.0, due_s - time.monotonic())):
                return
            try:
                block = next(self._blocks)
            except StopIteration:
                self._ended = True
                return
            except MicrophoneMissing as error:
                self._damage = str(error)
                return
            on_block(block, overflowed=False)
            delivered_s += BLOCK_MS / 1000

    def _play(self) -> Iterator[bytes]:
        yield from self._cut_into_blocks(self._decode())
        while self._at_end == "loop":
            yield from self._cut_into_blocks(self._decode())
        while self._at_end == "silence":
            yield bytes(self._block_bytes)

    def _cut_into_blocks(self, stretches: Iterator[bytes]) -> Iterator[bytes]:
        pending = bytearray()
        for stretch in stretches:
            pending += stretch
            while len(pending) >= self._block_bytes:
                yield bytes(pending[: self._block_bytes])
                del pending[: self._block_bytes]
        if pending:
            yield bytes(pending)

    def _decode(self) -> Iterator[bytes]:
        """The file's sound as interleaved s16le at the wanted rate. Raises MicrophoneMissing with the reason."""
        try:
            with av.open(str(self._path)) as container:
                if not container.streams.audio or container.streams.audio[0].codec_context is None:
                    raise MicrophoneMissing(self._no_audio())
                stream = container.streams.audio[0]
                # FFmpeg would turn one channel down by 3 dB to make two of it; a copy leaves the samples as they are.
                copies = self._channels if stream.channels == 1 else 1
                layout = "mono" if self._channels == 1 or copies > 1 else "stereo"
                resampler = av.AudioResampler(format="s16", layout=layout, rate=self._sample_rate_hz)
                for frame in chain(container.decode(stream), [None]):
                    for resampled in resampler.resample(frame):
                        yield resampled.to_ndarray().repeat(copies).tobytes()
        except FileNotFoundError as error:
            raise MicrophoneMissing(f"There is no file {self._path}. Give the path of an audio file.") from error
        except (av.FFmpegError, OSError) as error:
            raise MicrophoneMissing(self._no_audio()) from error

    def _no_audio(self) -> str:
        return f"{self._path} holds no sound that can be played, or breaks off. Give another audio file."
