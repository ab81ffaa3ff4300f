"""Every microphone adapter, and the fake that stands for them elsewhere, keeps these promises."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.fake_microphone import FakeMicrophone
from support.pulse import PulseMicrophone, missing_programs
from support.sound import noise, write_wav
from support.waiting import wait_until

from firmware.microphone import Microphone, MicrophoneMissing
from firmware.microphone_file import FileMicrophone
from firmware.microphone_process import ProcessMicrophone

RATE_HZ = 16_000
CHANNELS = 2
BYTES_PER_FRAME = 2 * CHANNELS


@dataclass
class Bench:
    """A microphone, and the hand that takes it away and brings it back."""

    microphone: Microphone
    take_away: Callable[[], None]
    bring_back: Callable[[], None]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="tacet"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[PulseMicrophone]:
    if (reason := missing_programs()) is not None:
        pytest.skip(reason)
    with PulseMicrophone(folder / "pa", RATE_HZ, CHANNELS) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server


def _file(folder: Path) -> Bench:
    path = write_wav(folder / "room.wav", noise(RATE_HZ * 10, CHANNELS), RATE_HZ, CHANNELS)
    away = path.with_suffix(".away")
    microphone = FileMicrophone(path, RATE_HZ, CHANNELS, speed=1, at_end="silence")
    return Bench(microphone, lambda: path.rename(away) and None, lambda: away.rename(path) and None)


def _fake() -> Bench:
    microphone = FakeMicrophone(block=noise(RATE_HZ // 20, CHANNELS))

    def trouble(sentence: str | None) -> None:
        microphone.trouble = sentence

    return Bench(microphone, lambda: trouble("The fake microphone is away. Bring it back."), lambda: trouble(None))


@pytest.fixture(params=["process", "process, resampled", "file", "fake"])
def bench(request: pytest.FixtureRequest, folder: Path) -> Iterator[Bench]:
    match request.param:
        case "process" | "process, resampled":
            server: PulseMicrophone = request.getfixturevalue("server")
            native_rate = request.param != "process"
            bench = Bench(
                ProcessMicrophone(None, RATE_HZ, CHANNELS, native_rate=native_rate), server.kill, server.start
            )
        case "file":
            bench = _file(folder)
        case _:
            bench = _fake()
    yield bench
    bench.microphone.close()


class Listener:
    """Takes blocks as the recorder would."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def __call__(self, block: bytes, *, overflowed: bool, missing_samples: int = 0) -> None:
        assert not overflowed
        assert not missing_samples
        self.blocks.append(block)


def test_microphone__there__has_no_problem_and_a_name(bench: Bench) -> None:
    assert bench.microphone.problem() is None
    assert bench.microphone.name


def test_microphone__open__delivers_whole_frames_of_20_to_100_ms(bench: Bench) -> None:
    listener = Listener()
    bench.microphone.open(listener)
    wait_until(lambda: len(listener.blocks) > 10)
    for block in listener.blocks:
        assert len(block) % BYTES_PER_FRAME == 0
        assert 20 <= len(block) / BYTES_PER_FRAME * 1000 / RATE_HZ <= 100


def test_microphone__open__delivers_at_the_pace_of_the_room(bench: Bench) -> None:
    listener = Listener()
    bench.microphone.open(listener)
    wait_until(lambda: listener.blocks)
    before, started_s = len(listener.blocks), time.monotonic()
    time.sleep(1.5)
    heard_s = sum(map(len, listener.blocks[before:])) / BYTES_PER_FRAME / RATE_HZ
    assert heard_s == pytest.approx(time.monotonic() - started_s, abs=0.4)


def test_microphone__closed__delivers_nothing_more(bench: Bench) -> None:
    listener = Listener()
    bench.microphone.open(listener)
    wait_until(lambda: listener.blocks)
    bench.microphone.close()
    heard = len(listener.blocks)
    time.sleep(0.3)
    assert len(listener.blocks) == heard


def test_microphone__closed_twice_or_never_opened__is_harmless(bench: Bench) -> None:
    bench.microphone.close()
    bench.microphone.open(Listener())
    bench.microphone.close()
    bench.microphone.close()


def test_microphone__opened_again__delivers_again(bench: Bench) -> None:
    first, second = Listener(), Listener()
    bench.microphone.open(first)
    wait_until(lambda: first.blocks)
    bench.microphone.close()
    bench.microphone.rewind()
    bench.microphone.open(second)
    wait_until(lambda: second.blocks)


def test_microphone__open__has_not_ended(bench: Bench) -> None:
    listener = Listener()
    bench.microphone.open(listener)
    wait_until(lambda: listener.blocks)
    assert not bench.microphone.ended


def test_microphone__away__says_what_to_do_and_does_not_open(bench: Bench) -> None:
    bench.take_away()
    try:
        problem = bench.microphone.problem()
        assert problem is not None
        assert problem.endswith(".")
        with pytest.raises(MicrophoneMissing):
            bench.microphone.open(Listener())
    finally:
        bench.bring_back()


def test_microphone__away_and_back__delivers_again(bench: Bench) -> None:
    bench.take_away()
    assert bench.microphone.problem() is not None
    bench.bring_back()
    assert bench.microphone.problem() is None
    listener = Listener()
    bench.microphone.open(listener)
    wait_until(lambda: listener.blocks)
