from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from app.asr.transcriber import NEIGHBOUR_SAMPLES, WINDOW_SAMPLES
from app.speech.windows import Span, begun_span, next_span


@dataclass(frozen=True)
class Stretch:
    start_sample: int
    samples: int


HALF = WINDOW_SAMPLES // 2


def test_next_span__a_growing_tape_with_less_than_a_window__waits() -> None:
    assert next_span([Stretch(0, HALF)], 0, ended=False) is None


def test_next_span__an_ended_tape_with_less_than_a_window__gives_the_rest_as_final() -> None:
    assert next_span([Stretch(0, HALF)], 160, ended=True) == Span(160, HALF - 160, final=True, before_samples=160)


def test_next_span__more_than_a_window__gives_a_whole_one_that_is_not_final() -> None:
    whole = Span(0, WINDOW_SAMPLES, final=False, after_samples=1)
    assert next_span([Stretch(0, WINDOW_SAMPLES + 1)], 0, ended=True) == whole


def test_next_span__a_growing_tape__waits_for_the_neighbours_of_a_window() -> None:
    stretch = Stretch(0, WINDOW_SAMPLES + NEIGHBOUR_SAMPLES)
    assert next_span([Stretch(0, stretch.samples - 1)], 0, ended=False) is None
    assert next_span([stretch], 0, ended=False) == Span(0, WINDOW_SAMPLES, final=False, after_samples=NEIGHBOUR_SAMPLES)


def test_next_span__in_the_middle__brings_neighbours_on_both_sides_in_whole_frames() -> None:
    span = next_span([Stretch(0, 3 * WINDOW_SAMPLES)], 16_000, ended=True)
    assert span == Span(
        16_000, WINDOW_SAMPLES, final=False, before_samples=NEIGHBOUR_SAMPLES, after_samples=NEIGHBOUR_SAMPLES
    )


def test_next_span__before_a_break__ends_at_the_break_and_is_final() -> None:
    stretches = [Stretch(0, HALF), Stretch(HALF, 10)]
    assert next_span(stretches, 0, ended=False) == Span(0, HALF, final=True)


def test_next_span__after_a_gap__starts_behind_it() -> None:
    stretches = [Stretch(0, HALF), Stretch(HALF + 500, HALF)]
    assert next_span(stretches, HALF, ended=True) == Span(HALF + 500, HALF, final=True)


def test_next_span__everything_heard__gives_none() -> None:
    assert next_span([Stretch(0, HALF)], HALF, ended=True) is None


@given(
    lengths=st.lists(st.integers(1, 3 * WINDOW_SAMPLES), max_size=6),
    gaps=st.lists(st.integers(0, 1000), min_size=6, max_size=6),
    part=st.floats(0.1, 1.0),
)
def test_next_span__walked_to_the_end__covers_every_sample_once_and_crosses_no_break(
    lengths: list[int], gaps: list[int], part: float
) -> None:
    stretches, start = [], 0
    for length, gap in zip(lengths, gaps, strict=False):
        stretches.append(Stretch(start, length))
        start += length + gap
    heard, cursor = 0, 0
    while (span := next_span(stretches, cursor, ended=True)) is not None:
        inside = [s for s in stretches if s.start_sample <= span.start_sample < s.start_sample + s.samples]
        assert len(inside) == 1
        assert span.start_sample + span.samples <= inside[0].start_sample + inside[0].samples
        advance = span.samples if span.final else max(1, int(span.samples * part))
        heard += advance
        cursor = span.start_sample + advance
    assert heard == sum(lengths)


def test_begun_span__a_tape_that_has_grown_that_far__gives_the_first_part_with_its_neighbours() -> None:
    stretch = Stretch(0, HALF + NEIGHBOUR_SAMPLES)
    assert begun_span([stretch], 0, HALF) == Span(0, HALF, final=False, after_samples=NEIGHBOUR_SAMPLES)
    assert begun_span([Stretch(0, stretch.samples - 1)], 0, HALF) is None


def test_begun_span__after_a_break__begins_behind_it() -> None:
    stretches = [Stretch(0, 100), Stretch(100, WINDOW_SAMPLES)]
    assert begun_span(stretches, 60, HALF) == Span(100, HALF, final=False, after_samples=NEIGHBOUR_SAMPLES)


def test_begun_span__nothing_recorded__is_none() -> None:
    assert begun_span([], 0, HALF) is None
