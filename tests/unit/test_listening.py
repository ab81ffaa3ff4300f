from collections.abc import Iterator

import pytest

from app.asr.transcriber import NEIGHBOUR_SAMPLES, WINDOW_SAMPLES, Heard, Utterance, Window
from app.domain import Context, Word
from app.speech.listening import listen

SECOND = 16_000


class CountingTranscriber:
    """Hears a word in each window, and leaves the last second of it for the next."""

    def __init__(self) -> None:
        self.windows: list[Window] = []

    def hear(self, window: Window) -> Heard:
        self.windows.append(window)
        samples = len(window.pcm) // 2 - window.before_samples - window.after_samples
        word = Word(0, 400, "word", 0.9)
        advance = samples if window.final else samples - SECOND
        context = Context(prompt=(*window.context.prompt, len(self.windows)), language="en")
        return Heard((Utterance(0, 400, "word", (word,), "sampled"),), advance, context, "counting", ((500, 1_500),))


def blocks(samples: int, channels: int, frames: int = 1_024) -> Iterator[bytes]:
    for start in range(0, samples, frames):
        yield bytes(min(frames, samples - start) * 2 * channels)


@pytest.mark.parametrize("channels", [1, 2])
def test_listen__a_long_sound__is_heard_in_windows_to_its_last_sample(channels: int) -> None:
    transcriber = CountingTranscriber()
    heard = list(listen(blocks(70 * SECOND, channels), channels, transcriber))
    assert [part.until_ms for part in heard] == [29_000, 58_000, 70_000]
    assert [segment.start_ms for part in heard for segment in part.segments] == [0, 29_000, 58_000]
    assert [segment.seq for part in heard for segment in part.segments] == [0, 1, 2]
    assert {segment.path for part in heard for segment in part.segments} == {"sampled"}
    assert heard[1].not_understood == ((29_500, 30_500),)
    assert [window.context.prompt for window in transcriber.windows] == [(), (1,), (1, 2)]


def test_listen__every_window__is_mono_and_no_longer_than_a_window_with_its_neighbours() -> None:
    transcriber = CountingTranscriber()
    list(listen(blocks(70 * SECOND, 2), 2, transcriber))
    assert max(len(window.pcm) for window in transcriber.windows) == (WINDOW_SAMPLES + 2 * NEIGHBOUR_SAMPLES) * 2


def test_listen__sound_that_goes_on__is_heard_before_it_ends() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(2 * SECOND)

    first = next(listen(endless(), 1, CountingTranscriber()))
    assert first.until_ms == 29_000
    assert taken == 31


def test_listen__no_sound__gives_nothing() -> None:
    assert list(listen(iter(()), 1, CountingTranscriber())) == []
