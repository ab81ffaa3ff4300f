"""Whisper's encoder on OpenVINO beside CTranslate2's own, on the real model."""

from contextlib import nullcontext
from pathlib import Path

import ctranslate2
import numpy as np
import pytest
from faster_whisper.audio import pad_or_trim
from faster_whisper.feature_extractor import FeatureExtractor
from support.demo_sound import MODELS_DIR, demo_heard


@pytest.mark.parametrize("frames", [3_000, 2_000, 1_000])
def test_fast_encoder__a_window_of_speech__is_nearer_to_the_exact_result_than_int8(frames: int) -> None:
    encoder = pytest.importorskip("app.asr.encoder", reason="there is no OpenVINO for this machine")
    if not encoder.has_bfloat16():
        pytest.skip("this CPU has no bfloat16, so the box uses CTranslate2's encoder")
    pcm = demo_heard(0, 30)
    features = np.ascontiguousarray(pad_or_trim(FeatureExtractor()(pcm), frames))
    fast = encoder.FastEncoder(MODELS_DIR / "base", 2, nullcontext()).encode(features)
    heard = features if frames <= encoder.MOST_SHORT else np.ascontiguousarray(pad_or_trim(features))
    exact, quantised = (_by_ctranslate2(heard, kind)[:, : frames // 2] for kind in ("float32", "int8"))
    assert fast.shape == exact.shape
    assert np.linalg.norm(fast - exact) < np.linalg.norm(quantised - exact) < 0.2 * np.linalg.norm(exact)


def test_has_bfloat16__where_nothing_is_told_of_the_cpu__is_no_and_does_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = pytest.importorskip("app.asr.encoder", reason="there is no OpenVINO for this machine")
    monkeypatch.setattr(encoder, "CPU_INFO", tmp_path / "cpuinfo")
    assert not encoder.has_bfloat16()


def _by_ctranslate2(features: np.ndarray, compute_type: str) -> np.ndarray:
    model = ctranslate2.models.Whisper(str(MODELS_DIR / "base"), compute_type=compute_type, intra_threads=1)
    return np.array(model.encode(ctranslate2.StorageView.from_array(features[np.newaxis])))
