"""The real model on the real voices of the demo session."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.demo_sound import RATE_HZ, demo_pcm

from app.asr.campplus import CampPlusPrinter, printed
from app.speech.attribution import mixed_down


@pytest.fixture(scope="module")
def printer(campplus: Path) -> CampPlusPrinter:
    return CampPlusPrinter(campplus)


def test_voiceprints__twenty_seconds_of_two_voices__know_a_voice_again(printer: CampPlusPrinter) -> None:
    heard = printer.voiceprints(mixed_down(demo_pcm(0, 20), 2))
    alike = heard.prints @ heard.prints.T
    assert np.allclose(np.diag(alike), 1, atol=1e-4)
    assert len(heard.spans) == len(heard.prints) >= 8
    assert alike.min() < 0.5 < np.sort(alike, axis=None)[-len(alike) - 2]


def test_voiceprints__the_same_sound_twice__are_the_same(printer: CampPlusPrinter) -> None:
    pcm = mixed_down(demo_pcm(0, 8), 2)
    assert np.array_equal(printer.voiceprints(pcm).prints, printer.voiceprints(pcm).prints)


@pytest.mark.parametrize("samples", [0, 100, RATE_HZ, 5 * RATE_HZ])
def test_voiceprints__silence_of_any_length__hold_nothing(printer: CampPlusPrinter, samples: int) -> None:
    heard = printer.voiceprints(bytes(2 * samples))
    assert (heard.speech, heard.spans, heard.prints.shape) == ((), (), (0, 192))


def test_voiceprints__more_than_thirty_seconds__are_refused(printer: CampPlusPrinter) -> None:
    with pytest.raises(ValueError, match="holds up to 480000 samples"):
        printer.voiceprints(bytes(2 * 31 * RATE_HZ))


def test_printed__a_long_stretch__is_covered_evenly_and_to_its_end() -> None:
    spans = printed((1_000, 6_200))
    assert (spans[0], spans[-1]) == ((1_000, 2_500), (4_700, 6_200))
    assert all(later[0] - earlier[0] <= 1_000 for earlier, later in pairwise(spans))
