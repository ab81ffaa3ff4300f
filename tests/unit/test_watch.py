from support.waiting import wait_until

from firmware.capture import Capture, SoundFormat
from firmware.watch import CATCH_UP_MS, HELD_UP_MS, STORAGE_PATIENCE_MS, Attention, _waits_for_the_disk

LOOKS_EVERY_MS = 20


def grace_ms(attention: Attention, from_ms: int, looks: int) -> list[int]:
    return [attention.grace_ms(from_ms + look * LOOKS_EVERY_MS) for look in range(looks)]


def test_attention__looks_that_come_regularly__get_no_grace() -> None:
    assert set(grace_ms(Attention(), 5_000_000, 10_000)) == {0}


def test_attention__held_up__gives_the_microphone_time_to_catch_up_and_no_more() -> None:
    attention = Attention()
    grace_ms(attention, 0, 10)
    late = grace_ms(attention, 9 * LOOKS_EVERY_MS + HELD_UP_MS + 1, 50)
    assert late[0] > 0
    assert late.count(late[0]) == CATCH_UP_MS // LOOKS_EVERY_MS
    assert late[-1] == 0


def test_attention__held_up_again_and_again__still_finds_a_silent_microphone_within_two_seconds() -> None:
    attention = Attention()
    assert max(attention.grace_ms(now_ms) for now_ms in range(0, 100_000, HELD_UP_MS + 1)) + 500 < 2_000


def test_disk__sound_that_was_late__is_not_taken_for_a_dead_disk() -> None:
    now_ms = 0
    sealed: list[None] = []

    class Tape:
        def append_audio(self, pcm: bytes) -> None: ...
        def append_gap(self, samples: int) -> None: ...
        def append_mark(self, code: str) -> None: ...

    capture = Capture(
        Tape(),
        SoundFormat(1_000, 1),
        on_sealed=lambda: sealed.append(None),
        on_fault=lambda _: None,
        clock_ms=lambda: now_ms,
    )
    capture.start()
    capture.push(bytes(2_000), overflowed=False)
    wait_until(lambda: sealed)
    wait_until(lambda: capture.unsealed_since_ms is None)
    now_ms = 3 * STORAGE_PATIENCE_MS
    capture.push(bytes(100), overflowed=False)
    assert not _waits_for_the_disk(capture.last_block_ms, capture.unsealed_since_ms)
    now_ms += STORAGE_PATIENCE_MS + 1
    capture.push(bytes(100), overflowed=False)
    assert _waits_for_the_disk(capture.last_block_ms, capture.unsealed_since_ms)
    capture.finish()
