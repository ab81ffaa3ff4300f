import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from support.fake_microphone import FakeMicrophone

from firmware import clock
from firmware.capture import SoundFormat
from firmware.hearing import Hearing
from firmware.level import ALL_ZEROS
from firmware.microphone import BlockSink
from firmware.preflight import NO_RECIPIENT, Preflight
from firmware.recipient import RecipientFile
from firmware.tape import Recipient
from firmware.thermal import Thermal

SOUND = SoundFormat(16_000, 1)


class MutedMicrophone(FakeMicrophone):
    def open(self, on_block: BlockSink) -> None:
        super().open(on_block)
        self.speak(bytes(64_000))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "tapes").mkdir()
    return tmp_path


def preflight(data_dir: Path, microphone: FakeMicrophone | None = None, min_free_hours: float = 0.0) -> Preflight:
    recipients = RecipientFile(data_dir / "recipient.json")
    recipients.keep(Recipient(X25519PrivateKey.generate().public_key().public_bytes_raw()))
    return Preflight(data_dir, min_free_hours, SOUND, recipients, microphone or FakeMicrophone())


def with_hearing(data_dir: Path, microphone: FakeMicrophone) -> Preflight:
    plain = preflight(data_dir, microphone)
    hearing = Hearing(microphone, SOUND.sample_rate_hz, SOUND.channels, lambda: 0)
    return Preflight(data_dir, 0.0, SOUND, plain.recipients, microphone, hearing, Thermal(80.0, data_dir, None))


def test_preflight__everything_there__finds_nothing(data_dir: Path) -> None:
    assert preflight(data_dir).check(listens=True).reasons == ()


def test_preflight__nothing_there__says_all_of_it(data_dir: Path) -> None:
    microphone = FakeMicrophone()
    microphone.trouble = "It is away. Bring it back."
    nobody = Preflight(data_dir, 1e9, SOUND, RecipientFile(data_dir / "nobody.json"), microphone)
    recipient, disk, away = nobody.check(listens=True).reasons
    assert (recipient, away) == (NO_RECIPIENT, "It is away. Bring it back.")
    assert "Finish older sessions" in disk


def test_preflight__muted_microphone__is_found_by_listening_only(data_dir: Path) -> None:
    microphone = MutedMicrophone()
    check = with_hearing(data_dir, microphone)
    assert check.check(listens=False).microphone is None
    assert microphone.history == [], "while a session is under way nobody opens it but the session"
    assert check.check(listens=True).microphone == ALL_ZEROS


def test_preflight__hot__says_so(data_dir: Path) -> None:
    zone = data_dir / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "temp").write_text("91000\n")
    (reason,) = with_hearing(data_dir, MutedMicrophone()).check(listens=False).missing
    assert "too hot" in reason


def test_preflight__clock_behind_the_newest_tape__says_so(data_dir: Path) -> None:
    tape = data_dir / "tapes" / ("0" * 32)
    tape.mkdir()
    ahead_s = clock.utc_ms() / 1000 + 3_600
    os.utime(tape, (ahead_s, ahead_s))
    (reason,) = preflight(data_dir).check(listens=True).missing
    assert "clock is wrong" in reason


def test_preflight__storage_is_gone__is_a_reason_and_no_crash(data_dir: Path) -> None:
    check = preflight(data_dir)
    (data_dir / "tapes").rmdir()
    assert check.check(listens=True).reasons == ()
    gone = Preflight(data_dir / "away", 0.0, SOUND, check.recipients, FakeMicrophone())
    (reason,) = gone.check(listens=True).reasons
    assert "storage cannot be read" in reason


@pytest.mark.parametrize(
    ("now_ms", "trusted", "right"),
    [
        (clock.utc_ms(), False, True),
        (0, False, False),  # a board without a battery wakes up in 1970
        (0, True, True),  # what the network says is believed
    ],
    ids=["now", "1970", "1970 from the network"],
)
def test_clock__problem__is_a_clock_before_this_program_was_made(
    data_dir: Path, *, now_ms: int, trusted: bool, right: bool
) -> None:
    problem = clock.problem(data_dir / "tapes", now_ms, trusted=trusted)
    assert (problem is None) == right
    assert problem is None or "1 January 1970" in problem
