"""Where the next window for the transcriber lies on a tape. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.asr.transcriber import FRAME_SAMPLES, NEIGHBOUR_SAMPLES, WINDOW_SAMPLES


class Stretch(Protocol):
    """Sound without a break: between start, pause, resume and gaps."""

    @property
    def start_sample(self) -> int: ...
    @property
    def samples(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Span:
    start_sample: int
    samples: int
    final: bool  # nothing follows that could complete its last sentence
    before_samples: int = 0  # neighbours, see app.asr.transcriber.Window
    after_samples: int = 0


def next_span(stretches: Sequence[Stretch], heard_until: int, *, ended: bool) -> Span | None:
    """Give the span to be heard next, or None where the tape has to grow first or is done.

    A span never crosses a break: what was said before a pause does not run into what was said after it.
    The last stretch of a tape that still grows is heard in whole windows only.
    """
    for number, stretch in enumerate(stretches, start=1):
        start = max(heard_until, stretch.start_sample)
        available = stretch.start_sample + stretch.samples - start
        if available <= 0:
            continue
        complete = ended or number < len(stretches)
        if available < WINDOW_SAMPLES + NEIGHBOUR_SAMPLES and not complete:
            return None
        samples = min(available, WINDOW_SAMPLES)
        return _span(stretch, start, samples, final=complete and samples == available)
    return None


def begun_span(stretches: Sequence[Stretch], heard_until: int, samples: int) -> Span | None:
    """Give the first `samples` of the window that still fills, or None where the tape has not grown that far."""
    if not stretches:
        return None
    stretch = stretches[-1]
    start = max(heard_until, stretch.start_sample)
    if stretch.start_sample + stretch.samples - start < samples + NEIGHBOUR_SAMPLES:
        return None
    return _span(stretch, start, samples, final=False)


def _span(stretch: Stretch, start: int, samples: int, *, final: bool) -> Span:
    after = stretch.start_sample + stretch.samples - start - samples
    return Span(
        start,
        samples,
        final,
        before_samples=min(start - stretch.start_sample, NEIGHBOUR_SAMPLES) // FRAME_SAMPLES * FRAME_SAMPLES,
        after_samples=min(after, NEIGHBOUR_SAMPLES),
    )
