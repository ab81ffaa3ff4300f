"""The port through which sound becomes voiceprints: what a voice sounds like, from second to second.

A voiceprint could identify a person. It is made, compared with the others of its session, and forgotten: it lives in
memory only, is never stored, and never shown.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.asr.transcriber import WINDOW_SAMPLES

MOST_SAMPLES = WINDOW_SAMPLES  # of sound at once

Span = tuple[int, int]  # start and end in ms, from the first sample


@dataclass(frozen=True, slots=True)
class Voiceprints:
    """What a sound of at most 30 s held of voices."""

    speech: tuple[Span, ...]  # where somebody speaks, in order and apart
    spans: tuple[Span, ...]  # what each print was made of, in order, overlapping
    prints: NDArray[np.float32] = field(repr=False)  # shape (spans, 192), each of length 1


class VoicePrinter(Protocol):
    """Pure: the same sound gives the same prints."""

    def voiceprints(self, pcm: bytes) -> Voiceprints:
        """Hear mono s16le at 16 kHz, at most 30 s of it.

        Raises:
            TranscriberAway: ask again later.
            TranscriberFailed: the model is missing or damaged; the message is a sentence for a person.
        """
        ...
