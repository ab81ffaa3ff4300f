from collections.abc import Iterator

import pytest
from support.fake_microphone import FakeMicrophone
from support.sound import noise

from firmware.hearing import NO_SOUND, Hearing, _Ear
from firmware.level import ALL_ZEROS
from firmware.microphone import BlockSink

RATE_HZ = 16_000
BLOCK = noise(RATE_HZ // 20)
ZEROS = bytes(len(BLOCK))


class Room(FakeMicrophone):
    """Delivers its blocks at once when it is opened, and notes how often that was."""

    def __init__(self, *blocks: bytes) -> None:
        super().__init__()
        self.blocks = blocks
        self.taken = 0

    def open(self, on_block: BlockSink) -> None:
        super().open(on_block)
        for block in self.blocks:
            self.speak(block)
            self.taken += 1


class Clock:
    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Iterator[Clock]:
    return Clock()


def hearing(room: Room, clock: Clock) -> Hearing:
    return Hearing(room, RATE_HZ, 1, clock)


def test_hearing__any_noise__is_enough_and_the_microphone_is_closed_again(clock: Clock) -> None:
    room = Room(*[BLOCK] * 4)
    assert hearing(room, clock).problem() is None
    assert room.history == ["microphone opened", "microphone closed"]


@pytest.mark.parametrize("blocks", [[ZEROS] * 30, [BLOCK, *[ZEROS] * 30]])
def test_hearing__zeros_but_for_a_click_at_the_beginning__says_it_is_silent(blocks: list[bytes], clock: Clock) -> None:
    assert hearing(Room(*blocks), clock).problem() == ALL_ZEROS


def test_hearing__zeros_for_half_a_second_and_then_noise__hears(clock: Clock) -> None:
    assert hearing(Room(*[ZEROS] * 10, BLOCK), clock).problem() is None


def test_hearing__nothing_comes__says_so(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware.hearing._PATIENCE_S", 0.05)
    assert hearing(Room(), clock).problem() == NO_SOUND


def test_hearing__asked_often__listens_once_a_minute(clock: Clock) -> None:
    room = Room(*[BLOCK] * 4)
    ear = hearing(room, clock)
    for _ in range(120):
        assert ear.problem() is None
        clock.now_ms += 1_000
    assert room.history.count("microphone opened") == 2


def test_hearing__silent__listens_again_after_five_seconds(clock: Clock) -> None:
    room = Room(*[ZEROS] * 30)
    ear = hearing(room, clock)
    assert ear.problem() == ALL_ZEROS
    room.blocks = (BLOCK,) * 4
    clock.now_ms += 4_900
    assert ear.problem() == ALL_ZEROS
    clock.now_ms += 200
    assert ear.problem() is None


def test_hearing__another_microphone_or_one_that_was_away__is_listened_to_at_once(clock: Clock) -> None:
    room = Room(*[BLOCK] * 4)
    ear = hearing(room, clock)
    assert ear.problem() is None
    room.blocks = (ZEROS,) * 30
    assert ear.problem() is None
    room.name = "another"
    assert ear.problem() == ALL_ZEROS
    room.blocks = (BLOCK,) * 4
    ear.forget()
    assert ear.problem() is None


def test_hearing__cannot_be_opened__passes_on_why(clock: Clock) -> None:
    room = Room()
    room.trouble = "Something else uses it. Stop that."
    assert hearing(room, clock).problem() == "Something else uses it. Stop that."


def test_hearing__while_it_listens__keeps_two_figures_and_no_sound() -> None:
    ear = _Ear(RATE_HZ * 2 // 1000)
    for block in [BLOCK] * 10:
        ear(block, overflowed=False)
    kept = {name: value for name, value in vars(ear).items() if name != "decided"}
    assert kept == {"_bytes_per_ms": 32, "_passed_bytes": 10 * len(BLOCK), "heard": True}
