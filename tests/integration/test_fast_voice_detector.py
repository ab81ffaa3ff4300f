"""The voice detector on OpenVINO beside faster-whisper's own, on real speech."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
from support.demo_sound import demo_heard

from app.asr.voice_detector import voice_probabilities
from app.asr.voices import STEP_SAMPLES

if TYPE_CHECKING:
    from app.asr.fast_voice_detector import FastVoiceDetector

pytest.importorskip("app.asr.fast_voice_detector", reason="there is no OpenVINO for this machine")

SECOND = 16_000
LAST = 64  # samples of a sound's last step that faster-whisper takes for silence, whatever they are
EXACT = 1e-4  # of a probability: another order of adding up


@pytest.fixture(scope="module")
def detector() -> "FastVoiceDetector":
    from app.asr.fast_voice_detector import FastVoiceDetector  # noqa: PLC0415  not on every machine

    return FastVoiceDetector()


@pytest.mark.parametrize(
    "samples",
    [1, STEP_SAMPLES - LAST, STEP_SAMPLES, 64 * STEP_SAMPLES - LAST, 64 * STEP_SAMPLES, 5 * SECOND + 7, 30 * SECOND],
)
def test_probabilities__of_any_length__are_faster_whispers(detector: "FastVoiceDetector", samples: int) -> None:
    sound = demo_heard(0, 30)[:samples]
    expected = voice_probabilities(sound)
    found = detector.probabilities(sound)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=EXACT)


def test_probabilities__of_one_sound_after_another__know_nothing_of_the_first(
    detector: "FastVoiceDetector",
) -> None:
    sound = demo_heard(10, 15)
    before = detector.probabilities(sound)
    detector.probabilities(sound[::-1].copy())
    np.testing.assert_array_equal(detector.probabilities(sound), before)


def test_probabilities__speech_and_rest__tell_which_is_which(detector: "FastVoiceDetector") -> None:
    sound = demo_heard(0, 30)
    assert detector.probabilities(sound).max() > 0.9
    assert detector.probabilities(np.zeros(5 * SECOND, np.float32)).max() < 0.1
