import math
import struct

import pytest
from support.sound import noise

from firmware.level import (
    ALL_ZEROS,
    QUIET_S,
    SILENCE_DBFS,
    TOO_LOUD,
    VERY_QUIET,
    ZEROS_S,
    LevelWatch,
    level_dbfs,
)

RATE_HZ = 1_000
BLOCKS_PER_S = 20
SPEECH = noise(50)
HISS = noise(50, peak=10)
FULL = struct.pack("<h", 32_767) * 50


def sine(amplitude: float) -> bytes:
    return b"".join(struct.pack("<h", round(32_767 * amplitude * math.sin(i / 5))) for i in range(5_000))


@pytest.mark.parametrize(
    ("block", "expected_dbfs"),
    [
        (sine(1.0), -3.0),
        (sine(0.1), -23.0),
        (struct.pack("<h", -32_768) * 100, 0.0),
        (bytes(200), SILENCE_DBFS),
        (b"", SILENCE_DBFS),
    ],
)
def test_level__of_a_block__is_its_root_mean_square_against_full_scale(block: bytes, expected_dbfs: float) -> None:
    assert level_dbfs(block) == pytest.approx(expected_dbfs, abs=0.1)


def heard(*blocks: bytes, silence_allowed: bool = False) -> LevelWatch:
    watch = LevelWatch(RATE_HZ, 1, silence_allowed=silence_allowed)
    for block in blocks:
        watch.hear(block)
    return watch


def for_s(seconds: float, block: bytes) -> list[bytes]:
    return [block] * round(seconds * BLOCKS_PER_S)


def test_watch__speech_and_pauses_of_a_minute__has_nothing_to_say() -> None:
    hour = [*for_s(30, SPEECH), *for_s(60, HISS)] * 40
    watch = LevelWatch(RATE_HZ, 1, silence_allowed=False)
    for block in hour:
        watch.hear(block)
        assert watch.warnings == ()


def test_watch__exact_zeros__are_told_after_three_seconds_and_over_with_the_first_sound() -> None:
    assert heard(SPEECH, *for_s(ZEROS_S - 0.1, bytes(100))).warnings == ()
    silent = heard(SPEECH, *for_s(ZEROS_S, bytes(100)))
    assert silent.warnings == (ALL_ZEROS,)
    silent.hear(HISS)
    assert silent.warnings == ()


def test_watch__very_quiet__is_told_after_two_minutes() -> None:
    assert heard(SPEECH, *for_s(QUIET_S - 1, HISS)).warnings == ()
    quiet = heard(SPEECH, *for_s(QUIET_S, HISS))
    assert quiet.warnings == (VERY_QUIET,)
    quiet.hear(SPEECH)
    assert quiet.warnings == ()


def test_watch__silence_allowed__does_not_warn_of_it() -> None:
    assert heard(*for_s(QUIET_S + 1, bytes(100)), silence_allowed=True).warnings == ()


@pytest.mark.parametrize("peak", [32_767, -32_768])
def test_watch__clipping_again_and_again__is_told_for_ten_seconds(peak: int) -> None:
    clipped = SPEECH[:-2] + struct.pack("<h", peak)
    assert heard(clipped, clipped, SPEECH).warnings == ()
    loud = heard(clipped, SPEECH, clipped, SPEECH, clipped)
    assert loud.warnings == (TOO_LOUD,)
    for block in for_s(10, SPEECH):
        loud.hear(block)
    assert loud.warnings == ()


def test_watch__new_stretch__begins_anew() -> None:
    watch = heard(*[FULL] * 5)
    assert watch.warnings
    watch.restart()
    assert (watch.level_dbfs, watch.warnings) == (None, ())


def test_warnings__each__say_what_to_do() -> None:
    for sentence in (ALL_ZEROS, TOO_LOUD, VERY_QUIET):
        assert sentence.endswith(".")
