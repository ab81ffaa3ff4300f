import threading

import pytest
from support.sound import noise
from support.waiting import wait_until

from firmware.capture import OVERFLOW_MARK, Capture, SoundFormat
from firmware.faults import Fault
from firmware.tape import TapeFailed, TapeFull

RATE_HZ = 1_000
BLOCK = noise(50)


class Notes:
    """A tape that only notes; refuses from the record `refuses_from` on, and waits while `disk` is not set."""

    def __init__(self, *, refuses_from: int | None = None, error: Exception | None = None) -> None:
        self.records: list[tuple[str, object]] = []
        self.disk = threading.Event()
        self.disk.set()
        self._refuses_from = refuses_from
        self._error = error or TapeFull()

    def _append(self, kind: str, payload: object) -> None:
        self.disk.wait(10)
        if self._refuses_from is not None and len(self.records) >= self._refuses_from and kind == "audio":
            raise self._error
        self.records.append((kind, payload))

    def append_audio(self, pcm: bytes) -> None:
        self._append("audio", pcm)

    def append_gap(self, samples: int) -> None:
        self._append("gap", samples)

    def append_mark(self, code: str) -> None:
        self._append("mark", code)

    @property
    def sound(self) -> bytes:
        return b"".join(payload for _, payload in self.records if isinstance(payload, bytes))


class Bench:
    def __init__(self, tape: Notes, *, channels: int = 1, speed: float = 1.0) -> None:
        self.now_ms = 0
        self.beats = 0
        self.faults: list[Fault] = []
        self.capture = Capture(
            tape,
            SoundFormat(RATE_HZ, channels, speed),
            on_sealed=self._beat,
            on_fault=self.faults.append,
            clock_ms=lambda: self.now_ms,
        )

    def _beat(self) -> None:
        self.beats += 1

    def speak(self, blocks: int, block: bytes = BLOCK) -> None:
        for _ in range(blocks):
            self.now_ms += 50
            self.capture.push(block, overflowed=False)

    def assert_accounted(self, samples_in: int) -> None:
        capture = self.capture
        assert capture.samples_in == samples_in == capture.samples_sealed + capture.gap_samples


def test_capture__blocks__become_records_of_one_second_and_a_rest() -> None:
    tape = Notes()
    bench = Bench(tape)
    bench.capture.start()
    bench.speak(45)
    bench.capture.finish()
    assert [len(payload) // 2 for _, payload in tape.records if isinstance(payload, bytes)] == [1000, 1000, 250]
    assert tape.sound == BLOCK * 45
    bench.assert_accounted(2250)


def test_capture__each_sealed_record__beats_once() -> None:
    bench = Bench(Notes())
    bench.capture.start()
    bench.speak(60)
    bench.capture.finish()
    assert bench.beats == 3


def test_capture__nothing_came__writes_nothing() -> None:
    tape = Notes()
    bench = Bench(tape)
    bench.capture.start()
    bench.capture.finish()
    assert tape.records == []
    bench.assert_accounted(0)


def test_capture__two_channels__counts_frames() -> None:
    tape = Notes()
    bench = Bench(tape, channels=2)
    bench.capture.start()
    bench.speak(30, noise(50, channels=2))
    bench.capture.finish()
    bench.assert_accounted(1500)
    assert len(tape.sound) == 1500 * 4


def test_capture__disk_stalls_for_less_than_the_ring__loses_nothing() -> None:
    tape = Notes()
    bench = Bench(tape)
    bench.capture.start()
    tape.disk.clear()
    bench.speak(180)
    tape.disk.set()
    bench.capture.finish()
    assert tape.sound == BLOCK * 180
    bench.assert_accounted(9_000)


def test_capture__disk_stalls_for_longer__declares_exactly_what_is_missing_where_it_is() -> None:
    tape = Notes()
    bench = Bench(tape)
    bench.capture.start()
    tape.disk.clear()
    bench.speak(20)
    wait_until(lambda: not bench.capture._ring._items)
    bench.speak(200 + 30)
    tape.disk.set()
    wait_until(lambda: bench.capture.gap_samples)
    bench.speak(3)
    bench.capture.finish()
    kinds = [(kind, payload) for kind, payload in tape.records if kind != "audio"]
    assert kinds == [("gap", 1_500)]
    assert tape.records.index(("gap", 1_500)) == len(tape.records) - 2
    bench.assert_accounted(253 * 50)


def test_capture__ring__holds_ten_seconds_of_wall_time_at_any_speed() -> None:
    tape = Notes()
    bench = Bench(tape, speed=4)
    bench.capture.start()
    tape.disk.clear()
    bench.speak(20)
    wait_until(lambda: not bench.capture._ring._items)
    bench.speak(800)
    tape.disk.set()
    bench.capture.finish()
    assert bench.capture.gap_samples == 0


def test_capture__microphone_reports_an_overflow__marks_the_place() -> None:
    tape = Notes()
    bench = Bench(tape)
    bench.capture.start()
    bench.speak(3)
    bench.capture.push(BLOCK, overflowed=True)
    bench.capture.finish()
    assert tape.records == [("audio", BLOCK * 3), ("mark", OVERFLOW_MARK), ("audio", BLOCK)]
    bench.assert_accounted(200)


def test_capture__sound_back_after_a_loss__begins_with_a_gap_of_the_time_between() -> None:
    tape = Notes()
    bench = Bench(tape)
    bench.capture.start()
    bench.speak(4)
    bench.capture.finish()
    lost_ms = bench.capture.last_block_ms
    bench.now_ms += 2_950
    bench.capture.start(silent_since_ms=lost_ms)
    bench.speak(2)
    bench.capture.finish()
    assert tape.records == [("audio", BLOCK * 4), ("gap", 2_950), ("audio", BLOCK * 2)]
    bench.assert_accounted(200 + 2_950 + 100)


def test_capture__sound_never_came_back__declares_no_gap() -> None:
    tape = Notes()
    bench = Bench(tape)
    bench.capture.start(silent_since_ms=0)
    bench.now_ms += 5_000
    bench.capture.finish()
    assert tape.records == []
    bench.assert_accounted(0)


def test_capture__finished__takes_no_late_block() -> None:
    tape = Notes()
    bench = Bench(tape)
    bench.capture.start()
    bench.capture.finish()
    bench.speak(3)
    bench.assert_accounted(0)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (TapeFull(), Fault.TAPE_FULL),
        (TapeFailed("The disk refused."), Fault.TAPE_FAILED),
        (OSError("gone"), Fault.TAPE_FAILED),
    ],
)
def test_capture__tape_refuses__tells_once_and_accounts_for_the_rest(error: Exception, fault: Fault) -> None:
    tape = Notes(refuses_from=2, error=error)
    bench = Bench(tape)
    bench.capture.start()
    bench.speak(85)
    wait_until(lambda: bench.faults)
    bench.speak(5)
    bench.capture.finish()
    assert bench.faults == [fault]
    assert bench.beats == 2, "the heartbeat is for what was sealed"
    assert bench.capture.samples_sealed == 2_000
    assert tape.records[-1] == ("gap", 2_500)
    bench.assert_accounted(4_500)


def test_capture__level__is_there_only_while_it_listens() -> None:
    bench = Bench(Notes())
    bench.capture.start()
    bench.speak(1)
    wait_until(lambda: bench.capture.level_dbfs)
    bench.capture.finish()
    assert bench.capture.level_dbfs is None
