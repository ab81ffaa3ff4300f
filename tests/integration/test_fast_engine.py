"""Whisper on OpenVINO beside CTranslate2's, on the real model and real speech."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import ctranslate2
import numpy as np
import pytest
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from support.demo_sound import MODELS_DIR, demo_heard

from app.asr.looks import Way

if TYPE_CHECKING:
    from app.asr.engine import Features
    from app.asr.fast_engine import FastEngine
    from app.asr.rooms import Sound

encoder = pytest.importorskip("app.asr.encoder", reason="there is no OpenVINO for this machine")
if not encoder.has_bfloat16():
    pytest.skip("this CPU has no bfloat16, so the box uses CTranslate2", allow_module_level=True)

FOLDER = MODELS_DIR / "base"
SAID = " Is that what"


@pytest.fixture(scope="module", params=[1, 2], ids=["a thread each", "two threads for both"])
def engine(request: pytest.FixtureRequest) -> "FastEngine":
    """The machine would choose one of the two."""
    from app.asr.fast_engine import FastEngine  # noqa: PLC0415  not on every machine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.asr.decoder.quickest", lambda *_: request.param)
        return FastEngine(FOLDER, at_once=2, cores=2)


@pytest.fixture(scope="module")
def features(engine: "FastEngine") -> "Features":
    pcm = demo_heard(0, 25)
    found: Features = engine.parts.feature_extractor(pcm)[:, :2500]
    return found


@pytest.fixture(scope="module")
def sound(engine: "FastEngine", features: "Features") -> "Sound":
    return engine.encode(features)


@pytest.fixture(scope="module")
def tokenizer(engine: "FastEngine") -> Tokenizer:
    return Tokenizer(engine.parts.hf_tokenizer, multilingual=True, task="transcribe", language="en")


@pytest.fixture(scope="module")
def exact() -> ctranslate2.models.Whisper:
    return ctranslate2.models.Whisper(str(FOLDER), compute_type="float32", intra_threads=1)


@pytest.fixture(scope="module")
def exactly_encoded(exact: ctranslate2.models.Whisper, features: "Features") -> ctranslate2.StorageView:
    whole = np.ascontiguousarray(pad_or_trim(features)[np.newaxis])
    return exact.encode(ctranslate2.StorageView.from_array(whole))


def tokens(engine: "FastEngine", sound: "Sound", tokenizer: Tokenizer, way: Way) -> list[int]:
    with engine.decoding(sound, tokenizer) as decode:
        return decode(way).tokens


def beams(tokenizer: Tokenizer, count: int) -> Way:
    return Way("first", list(tokenizer.sot_sequence), count, 200)


def test_decode__a_window__is_what_ctranslate2_hears_exactly(
    engine: "FastEngine",
    sound: "Sound",
    tokenizer: Tokenizer,
    exact: ctranslate2.models.Whisper,
    exactly_encoded: ctranslate2.StorageView,
) -> None:
    ours = tokens(engine, sound, tokenizer, beams(tokenizer, 5))
    (theirs,) = exact.generate(exactly_encoded, [list(tokenizer.sot_sequence)], beam_size=5)
    words = [[one for one in found if one < tokenizer.eot] for found in (ours, theirs.sequences_ids[0])]
    assert len(words[0]) > 20
    assert tokenizer.decode(words[0]).split() == tokenizer.decode(words[1]).split()


def test_language__english__is_told(engine: "FastEngine", sound: "Sound") -> None:
    assert engine.language(sound) == "en"


def test_align__what_was_decoded__is_near_ctranslate2s(
    engine: "FastEngine",
    sound: "Sound",
    tokenizer: Tokenizer,
    exact: ctranslate2.models.Whisper,
    exactly_encoded: ctranslate2.StorageView,
) -> None:
    with engine.decoding(sound, tokenizer) as decode:
        decoded = decode(beams(tokenizer, 5))
    text = [one for one in decoded.tokens if one < tokenizer.eot]
    start = list(tokenizer.sot_sequence)
    (ours,) = engine.parts.model.align(decoded.timing, start, [text], 2500)
    (theirs,) = exact.align(exactly_encoded, start, [text], [2500])
    assert ours.text_token_probs == pytest.approx(theirs.text_token_probs, abs=0.15)
    begins, ends = (dict(reversed(found)) for found in (ours.alignments, theirs.alignments))
    apart = [abs(begins[token] - ends[token]) for token in begins]
    assert begins.keys() == ends.keys()
    assert np.median(apart) <= 1  # of 20 ms
    assert np.mean([one <= 10 for one in apart]) > 0.9
    assert max(apart) <= 50


def test_align__no_words__has_nothing_to_find(engine: "FastEngine", sound: "Sound", tokenizer: Tokenizer) -> None:
    with engine.decoding(sound, tokenizer) as decode:
        decoded = decode(beams(tokenizer, 2))
    (nothing,) = engine.parts.model.align(decoded.timing, list(tokenizer.sot_sequence), [[]], 2500)
    assert nothing.text_token_probs == []


def test_decode__two_at_once__are_those_heard_alone_one_after_the_other(
    engine: "FastEngine", sound: "Sound", tokenizer: Tokenizer
) -> None:
    said = [tokenizer.sot_prev, *tokenizer.encode(SAID * 20), *tokenizer.sot_sequence]
    ways = [beams(tokenizer, 2), beams(tokenizer, 5), Way("first", said, 2, 200)]
    alone = [tokens(engine, sound, tokenizer, way) for way in ways]
    with ThreadPoolExecutor(2) as pool:
        again = list(pool.map(lambda way: tokens(engine, sound, tokenizer, way), ways * 2))
    assert again == alone * 2


def test_decode__sampled__gives_the_same_text_each_time(
    engine: "FastEngine", sound: "Sound", tokenizer: Tokenizer
) -> None:
    way = Way("sampled", list(tokenizer.sot_sequence), 1, 200, temperature=0.6)
    assert tokens(engine, sound, tokenizer, way) == tokens(engine, sound, tokenizer, way) != []


@pytest.mark.parametrize(
    ("frames", "positions"), [(40, 500), (500, 500), (501, 750), (1_000, 750), (1_900, 1_250), (2_100, 1_500)]
)
def test_encode__a_short_window__keeps_its_sound_and_five_seconds_in_one_of_five_lengths(
    engine: "FastEngine", features: "Features", frames: int, positions: int
) -> None:
    short = engine.encode(features[:, :frames])
    assert {max(tensor.shape) for tensor in short.tensors} == {positions}
