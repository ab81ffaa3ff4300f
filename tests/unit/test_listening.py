from collections.abc import Iterator

import numpy as np
import pytest

from app.asr.transcriber import NEIGHBOUR_SAMPLES, WINDOW_SAMPLES, Heard, Utterance, Window
from app.domain import Context, Word
from app.speech.listening import Reel, listen

SECOND = 16_000


class CountingTranscriber:
    """Hears a word in each window, and leaves the last second of it for the next."""

    at_once = 1

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


class Clock:
    """Hears each second's own number, which the samples carry; a sentence is five of them long."""

    at_once = 2

    def __init__(self) -> None:
        self.prompts: list[tuple[int, ...]] = []

    def hear(self, window: Window) -> Heard:
        self.prompts.append(window.context.prompt)
        pcm = np.frombuffer(window.pcm, "<i2")[window.before_samples : len(window.pcm) // 2 - window.after_samples]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], pcm != 0, [0]]))).reshape(-1, 2)
        if not window.final:
            edges = edges[: len(edges) // 5 * 5]
        words = [Word(first // 16, last // 16, str(pcm[first]), 0.9) for first, last in edges.tolist()]
        sentences = [tuple(words[first : first + 5]) for first in range(0, len(words), 5)]
        utterances = tuple(
            Utterance(said[0].start_ms, said[-1].end_ms, " ".join(word.text for word in said), said)
            for said in sentences
        )
        context = Context(prompt=(*window.context.prompt, len(self.prompts)), language="en")
        return Heard(utterances, len(pcm) if window.final else int(edges[-1][1]), context, "clock", ())


def numbered(seconds: int) -> Iterator[bytes]:
    """Each second is silent for 0.4 s and then as loud as its number."""
    for second in range(seconds):
        block = np.full(SECOND, second + 1, "<i2")
        block[: SECOND * 2 // 5] = 0
        yield block.tobytes()


@pytest.mark.parametrize("seconds", [20, 61, 152, 300, 555])
def test_listen__two_at_once__gives_the_words_of_one_after_the_other(seconds: int) -> None:
    heard = list(listen(numbered(seconds), 1, Clock(), 2))
    words = [word for part in heard for segment in part.segments for word in segment.words]
    assert [word.text for word in words] == [str(second + 1) for second in range(seconds)]
    assert [word.start_ms for word in words] == pytest.approx([second * 1000 + 400 for second in range(seconds)], abs=1)
    assert [segment.seq for part in heard for segment in part.segments] == list(
        range(sum(len(p.segments) for p in heard))
    )
    assert heard[-1].until_ms == seconds * 1000


def test_listen__two_at_once__later_legs_know_some_text_from_before_them() -> None:
    clock = Clock()
    list(listen(numbered(300), 1, clock, 2))
    assert [len(prompt) for prompt in clock.prompts].count(0) == 2


class Polyglot:
    """Hears nothing in silence; where nobody told it the language, it takes the third minute for German."""

    at_once = 2

    def hear(self, window: Window) -> Heard:
        pcm = np.frombuffer(window.pcm, "<i2")[window.before_samples : len(window.pcm) // 2 - window.after_samples]
        if not pcm.any():
            return Heard((), len(pcm), window.context, "polyglot", ())
        language = window.context.language or ("de" if pcm.max() > 120 else "en")
        word = Word(0, 400, language, 0.9)
        return Heard((Utterance(0, 400, language, (word,)),), len(pcm), Context(language=language), "polyglot", ())


def test_listen__two_at_once_after_a_silent_beginning__hear_one_language() -> None:
    sound = b"".join(numbered(240))
    silent = 40 * SECOND * 2
    heard = list(listen(iter([bytes(silent) + sound[silent:]]), 1, Polyglot(), 2))
    assert {segment.text for part in heard for segment in part.segments} == {"en"}
    assert heard[-1].until_ms == 240_000


def test_listen__no_sound__gives_nothing() -> None:
    assert list(listen(iter(()), 1, CountingTranscriber())) == []


@pytest.mark.parametrize(("channels", "frames"), [(1, 1_000), (2, 7_777), (1, 200 * SECOND)])
def test_reel__sound_longer_than_its_pieces__is_read_as_it_came(channels: int, frames: int) -> None:
    sound = np.random.default_rng(4).integers(-9_000, 9_000, (200 * SECOND, channels)).astype("<i2").tobytes()
    size = frames * 2 * channels
    reel = Reel((sound[start : start + size] for start in range(0, len(sound), size)), channels)
    place = 155 * SECOND
    reel.legs_from(0, 1)
    assert reel.legs_from(place, 1)
    first, samples = place - NEIGHBOUR_SAMPLES, WINDOW_SAMPLES + 2 * NEIGHBOUR_SAMPLES
    assert reel.read(first, samples) == sound[first * 2 * channels : (first + samples) * 2 * channels]
