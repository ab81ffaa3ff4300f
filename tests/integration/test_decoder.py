"""Two sounds in one network of Whisper's decoder, on the real model."""

import json
import random
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support.demo_sound import MODELS_DIR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from openvino import InferRequest

    from app.asr.decoder import Asked, FastDecoder
    from app.asr.rooms import Sound

pytest.importorskip("openvino", reason="there is no OpenVINO for this machine")
if not pytest.importorskip("app.asr.encoder").has_bfloat16():
    pytest.skip("this CPU has no bfloat16, so the box uses CTranslate2", allow_module_level=True)

FOLDER = MODELS_DIR / "base"
START = 50_258


@pytest.fixture(scope="module")
def decoder() -> "FastDecoder":
    from app.asr.decoder import FastDecoder  # noqa: PLC0415  not on every machine

    following = json.loads((FOLDER / "config.json").read_text())["alignment_heads"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.asr.decoder.quickest", lambda *_: 2)
        return FastDecoder(FOLDER, at_once=2, cores=2, following=following)


@pytest.fixture(scope="module")
def sounds(decoder: "FastDecoder") -> "Sequence[Sound]":
    values = np.random.default_rng(1)
    return [decoder.remember(values.standard_normal((1, positions, 512), np.float32)) for positions in (1500, 750)]


def told(decoder: "FastDecoder", sound: "Sound", seed: int) -> "Iterator[NDArray[np.generic]]":
    """Tell all that the decoder answers to a few texts, of many lengths and beams."""
    dice = random.Random(seed)
    with decoder.reading(sound) as reading:
        for _ in range(3):
            beams, prompt = dice.choice([1, 2, 5]), [START] * dice.choice([1, 4, 37])
            with reading.begun(prompt, [0, len(prompt) - 1]) as scores:
                yield scores
                for step in range(dice.randint(1, 25)):
                    parents = [dice.randrange(beams if step else 1) for _ in range(beams)]
                    yield reading.go_on([300 + step] * beams, parents).copy()
                    yield reading.listened()


def test_reading__two_sounds_side_by_side__get_what_each_gets_alone(
    decoder: "FastDecoder", sounds: "Sequence[Sound]"
) -> None:
    def answers(number: int) -> "list[NDArray[np.generic]]":
        return list(told(decoder, sounds[number % 2], seed=number))

    alone = [answers(number) for number in range(4)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(answers, range(4)))
    for one, other in zip(alone, together, strict=True):
        assert all(np.array_equal(*both) for both in zip(one, other, strict=True))


def test_reading__prompts_of_any_length__are_read_in_few_sizes_and_tell_the_same(
    decoder: "FastDecoder", sounds: "Sequence[Sound]", monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.asr.decoder import READ_AT_ONCE, Network  # noqa: PLC0415  not on every machine

    sizes, take = list[int](), Network.take

    def counted(network: "Network", sound: int, asked: "Asked") -> "NDArray[np.float32]":
        sizes.append(asked.tokens.shape[1])
        return take(network, sound, asked)

    monkeypatch.setattr(Network, "take", counted)
    tokens = random.Random(1).choices(range(300, 3_000), k=205)
    with decoder.reading(sounds[0]) as reading:
        for length in (1, 7, 64, 105, 205):
            with reading.begun(tokens[:length], [0, length - 1]) as scores:
                at_once = scores.copy()
            assert sum(sizes) == length
            assert set(sizes) <= set(READ_AT_ONCE)
            sizes.clear()
            with monkeypatch.context() as patch:
                patch.setattr("app.asr.decoder.READ_AT_ONCE", (1,))
                with reading.begun(tokens[:length], [0, length - 1]) as scores:
                    assert np.array_equal(scores.argmax(1), at_once.argmax(1))
            sizes.clear()


def test_remember__one_sound_after_another__in_the_same_room_once_nobody_has_the_first_and_it_is_wiped(
    decoder: "FastDecoder",
) -> None:
    first, second = (decoder.remember(np.full((1, 1500, 512), value, np.float32)) for value in (1, 2))
    assert not np.shares_memory(first.bits, second.bits)
    before, where = second.bits.copy(), first.bits.ctypes.data
    del first
    assert not any(bits.any() for bits in decoder._rooms._free)  # nothing of what was said stays
    third = decoder.remember(np.full((1, 500, 512), 3, np.float32))
    assert third.bits.ctypes.data == where
    assert np.array_equal(second.bits, before)
    assert [tuple(tensor.shape) for tensor in third.tensors[:2]] == [(1, 8, 500, 64), (1, 8, 64, 500)]


def test_reading__a_text_that_breaks_off__does_not_keep_the_other_waiting(
    decoder: "FastDecoder", sounds: "Sequence[Sound]"
) -> None:
    with decoder.reading(sounds[0]) as reading, ThreadPoolExecutor(1) as pool:
        with reading.begun([START], [0]):
            other = pool.submit(lambda: list(told(decoder, sounds[1], seed=1)))
            time.sleep(0.1)  # it waits for this one's next step, which never comes
        assert len(other.result(timeout=60)) > 2


class Failing:
    """A request that fails when it is told to."""

    def __init__(self, request: "InferRequest") -> None:
        self._request = request
        self.fails = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._request, name)

    def infer(self, *, share_outputs: bool) -> None:
        if self.fails:
            raise RuntimeError("no memory")
        self._request.infer(share_outputs=share_outputs)


def test_take__a_step_that_fails__is_told_to_all_who_wait_and_the_next_one_is_taken(
    decoder: "FastDecoder", sounds: "Sequence[Sound]", monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.asr.decoder import SOMETHING  # noqa: PLC0415  not on every machine

    with decoder.reading(sounds[0]) as one, decoder.reading(sounds[1]) as other, ThreadPoolExecutor(2) as pool:
        network = one._network
        assert other._network is network
        request = Failing(network._request)
        monkeypatch.setattr(network, "_request", request)

        def taken() -> "list[Future[NDArray[np.float32]]]":
            return [pool.submit(network.take, sound, SOMETHING) for sound in range(2)]

        with network.going(0), network.going(1):
            request.fails = True
            for step in taken():
                with pytest.raises(RuntimeError, match="no memory"):
                    step.result(timeout=60)
            request.fails = False
            assert {step.result(timeout=60).shape for step in taken()} == {(1, 51_865)}
