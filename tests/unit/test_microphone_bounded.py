import threading
import time
from collections.abc import Iterator

import pytest
from support.fake_microphone import FakeMicrophone
from support.waiting import wait_until

from firmware.microphone import BlockSink, MicrophoneMissing, MicrophoneStuck
from firmware.microphone_bounded import BoundedMicrophone


class FrozenMicrophone(FakeMicrophone):
    """Hangs in the calls that it is told to, until it is thawed."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs_in: set[str] = set()
        self.thawed = threading.Event()

    def problem(self) -> str | None:
        self._hang("problem")
        return super().problem()

    def open(self, on_block: BlockSink) -> None:
        self._hang("open")
        super().open(on_block)

    def close(self) -> None:
        self._hang("close")
        super().close()

    def _hang(self, call: str) -> None:
        if call in self.hangs_in:
            self.thawed.wait(20)


@pytest.fixture
def inner() -> Iterator[FrozenMicrophone]:
    inner = FrozenMicrophone()
    yield inner
    inner.thawed.set()


@pytest.fixture
def microphone(inner: FrozenMicrophone) -> BoundedMicrophone:
    return BoundedMicrophone(inner, open_timeout_s=0.2, close_timeout_s=0.2)


def swallow(_block: bytes, *, overflowed: bool) -> None:
    """A sink that keeps nothing."""


def test_bounded__open_hangs__is_given_up_in_time(inner: FrozenMicrophone, microphone: BoundedMicrophone) -> None:
    inner.hangs_in = {"open"}
    started_s = time.monotonic()
    with pytest.raises(MicrophoneStuck):
        microphone.open(swallow)
    assert time.monotonic() - started_s < 2


def test_bounded__given_up_open_succeeds_later__is_closed_again_at_once(
    inner: FrozenMicrophone, microphone: BoundedMicrophone
) -> None:
    inner.hangs_in = {"open"}
    with pytest.raises(MicrophoneStuck):
        microphone.open(swallow)
    inner.thawed.set()
    wait_until(lambda: inner.history == ["microphone opened", "microphone closed"])


def test_bounded__close_hangs__not_one_block_comes_through(
    inner: FrozenMicrophone, microphone: BoundedMicrophone
) -> None:
    blocks: list[bytes] = []

    def keep(block: bytes, *, overflowed: bool) -> None:
        blocks.append(block)

    microphone.open(keep)
    inner.speak(b"before")
    inner.hangs_in = {"close"}
    with pytest.raises(MicrophoneStuck):
        microphone.close()
    inner.speak(b"after")
    assert blocks == [b"before"]


@pytest.mark.parametrize("call", ["open", "close", "problem"])
def test_bounded__while_a_call_hangs__the_device_is_not_touched_again(
    inner: FrozenMicrophone, microphone: BoundedMicrophone, call: str
) -> None:
    inner.hangs_in = {call}
    calls = {"open": lambda: microphone.open(swallow), "close": microphone.close, "problem": microphone.problem}
    if call == "problem":
        assert microphone.problem() is not None
    else:
        with pytest.raises(MicrophoneStuck):
            calls[call]()
    inner.hangs_in = set()
    before = list(inner.history)
    started_s = time.monotonic()
    assert microphone.problem() == "The microphone does not answer. Unplug it and plug it in again."
    with pytest.raises(MicrophoneStuck):
        microphone.open(swallow)
    assert time.monotonic() - started_s < 0.15
    assert inner.history == before


def test_bounded__the_call_has_returned_after_all__is_used_again(
    inner: FrozenMicrophone, microphone: BoundedMicrophone
) -> None:
    inner.hangs_in = {"close"}
    with pytest.raises(MicrophoneStuck):
        microphone.close()
    inner.thawed.set()
    wait_until(lambda: microphone.problem() is None)
    microphone.open(swallow)
    assert inner.history == ["microphone opened"]


def test_bounded__what_the_device_says__is_passed_on(inner: FrozenMicrophone, microphone: BoundedMicrophone) -> None:
    inner.trouble = "It is away. Bring it back."
    assert microphone.problem() == "It is away. Bring it back."
    with pytest.raises(MicrophoneMissing, match="It is away"):
        microphone.open(swallow)
    inner.ended = True
    assert microphone.ended
    microphone.rewind()
    assert not microphone.ended
    assert microphone.name == inner.name


def test_bounded__many_calls_in_a_row__none_is_taken_for_hanging(microphone: BoundedMicrophone) -> None:
    for _ in range(300):
        assert microphone.problem() is None
