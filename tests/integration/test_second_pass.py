"""Sessions heard anew: the real process with the real model as the second one, a real tape and vault.

The first hearing is made up, so that it is known what has to change; the first model is not even there.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.asr import AsrProcess
from support.demo_sound import CHANNELS, RATE_HZ, demo_pcm
from support.vaults import SESSION, segment

from app.asr.client import SocketTranscriber
from app.audit.chain import BOX
from app.domain import Attribution, Cursor, SessionHead, SessionState, Told
from app.ingest import Ingest
from app.pipeline import Pipeline
from app.second_pass import Machine, SecondPass
from app.second_speed import read_speed
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault, Vaults
from firmware.tape import ConsentEvent, Recipient, TapeWriter

SOUND_S = 40  # two windows
FIRST = ("Whatever the first model made of it", "and of this")
STARTED_AT_MS = 1_800_000_000_000
SECOND_BYTES = RATE_HZ * CHANNELS * 2


@dataclass
class Box:
    vaults: Vaults
    vault: Vault
    second: SecondPass
    pipeline: Pipeline
    tapes_dir: Path
    recording: bool = True  # as the machine says, whatever is on the tapes
    leap_s: float = field(default=0.0)

    def text(self) -> str:
        return " ".join(one.text for one in self.vault.sessions.segments(SESSION))

    def heard_samples(self) -> int:
        found = self.vault.hearings.find(SESSION)
        return self.vault.hearings.cursor(SESSION).next_sample if found else 0

    @contextmanager
    def running(self) -> Iterator[None]:
        stopping = threading.Event()
        worker = threading.Thread(target=self.pipeline.run, args=(stopping,))
        worker.start()
        try:
            yield
        finally:
            stopping.set()
            self.pipeline.stop()
            worker.join()


def until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 240
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def asr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsrProcess]:
    process = AsrProcess(tmp_path_factory.mktemp("asr"), model="tiny.en", second_model="base")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def box(tmp_path: Path, asr: AsrProcess) -> Iterator[Box]:
    vaults = Vaults(tmp_path / "vaults", cost=CHEAP_COST)
    vault, _ = vaults.create("Dr. Weber", "a long walk by the canal")
    record_and_hear_once(vault, tmp_path / "tapes")
    transcriber = SocketTranscriber(asr.socket_path)

    def machine() -> Machine:
        return Machine(recording=box.recording, on_battery=False, slowed=False, hottest_c=None)

    second = SecondPass(
        tmp_path / "tapes", tmp_path / "box", transcriber, machine, lambda: time.monotonic() + box.leap_s
    )
    pipeline = Pipeline(tmp_path / "tapes", vaults, transcriber, second=second)
    box = Box(vaults, vault, second, pipeline, tmp_path / "tapes")
    with closing(transcriber):
        yield box
    vaults.lock_all()


def record_and_hear_once(vault: Vault, tapes_dir: Path) -> None:
    tapes_dir.mkdir()
    writer = TapeWriter.create(
        tapes_dir,
        SESSION,
        Recipient(vault.account.public_key),
        sample_rate_hz=RATE_HZ,
        channels=CHANNELS,
        started_at_ms=STARTED_AT_MS,
        clock_trusted=True,
        segment_s=300,
    )
    writer.append_consent(ConsentEvent.GIVEN)
    pcm = demo_pcm(0, SOUND_S)
    for place in range(0, len(pcm), SECOND_BYTES):
        writer.append_audio(pcm[place : place + SECOND_BYTES])
    writer.close()
    sessions, samples = vault.sessions, SOUND_S * RATE_HZ
    sessions.add(SessionHead(SESSION, STARTED_AT_MS, clock_trusted=True, sample_rate_hz=RATE_HZ, channels=CHANNELS))
    sessions.update_length(SESSION, samples)
    sessions.append_segments(
        SESSION, [segment(seq, text) for seq, text in enumerate(FIRST)], Cursor(samples, next_seq=2, finished=True)
    )
    sessions.add_attribution(SESSION, Attribution((), Told.NOBODY))
    sessions.set_state(SESSION, SessionState.DRAFTED)


def test_second_pass__recorded_meanwhile_and_killed__then_takes_the_transcripts_place_whole(
    box: Box, asr: AsrProcess
) -> None:
    with box.running():
        until(lambda: box.second.waits_for)
        assert box.pipeline.second_waits_for() == "a session is being recorded"
        assert box.heard_samples() == 0
        box.recording, box.leap_s = False, 60
        until(box.heard_samples)
        assert box.text() == " ".join(FIRST)
        asr.kill()
        asr.start()
        box.leap_s = 1_000
        until(lambda: box.vault.hearings.swaps(SESSION))
        assert box.pipeline.speech_problem is None
    found = box.vault.sessions.segments(SESSION)
    assert "red light" in box.text()
    assert {one.model for one in found} == {"Whisper base"}
    assert found[0].seq == len(FIRST)
    assert [one.text for one in box.vault.hearings.other(SESSION)] == list(FIRST)
    (event,) = [one for one in box.vault.audit.latest(10) if one.action == "session.heard_anew"]
    assert (event.actor, event.subject) == (BOX, SESSION)
    second = box.pipeline.second_model()
    assert second is not None
    assert (second.name, second.size_bytes // 1_000_000) == ("Whisper base", 147)


def test_second_pass__somebody_edits_meanwhile__is_thrown_away(box: Box) -> None:
    box.recording = False
    with box.running():
        until(box.heard_samples)
        box.vault.sessions.add_edit(SESSION, 1, "a person's words", "Ada")
        until(lambda: not box.vault.hearings.waiting("Whisper base"))
    assert not box.second.step(_vaults(box))
    assert box.text() == " ".join(FIRST)
    assert box.vault.sessions.edits(SESSION)[1].text == "a person's words"
    assert not box.vault.hearings.swaps(SESSION)


def test_second_pass__sound_is_gone__leaves_the_words_and_goes_on(box: Box, tmp_path: Path) -> None:
    for path in sorted((tmp_path / "tapes" / SESSION).iterdir()):
        path.unlink()
    box.recording = False
    assert box.second.step(_vaults(box))
    assert not box.second.step(_vaults(box))
    assert box.text() == " ".join(FIRST)


def test_second_pass__undisturbed__measures_how_long_it_takes(box: Box, tmp_path: Path) -> None:
    box.recording = False
    steps = 0
    while box.second.step(_vaults(box)):
        steps += 1
    assert steps >= 2  # a window each
    assert box.vault.hearings.swaps(SESSION) == 1
    speed = read_speed(tmp_path / "box", "Whisper base")
    assert speed is not None
    assert 1 < speed.sound_s < SOUND_S  # without the window for which the model was loaded
    assert speed.took_s > 0


def test_second_model__none_is_set__nothing_is_heard_anew(tmp_path: Path) -> None:
    asr = AsrProcess(tmp_path, model="tiny.en")
    asr.start()
    try:
        with closing(SocketTranscriber(asr.socket_path)) as transcriber:
            machine = Machine(recording=False, on_battery=False, slowed=False, hottest_c=None)
            second = SecondPass(tmp_path / "tapes", tmp_path / "box", transcriber, lambda: machine)
            assert not second.step([])
            assert second.model is None
    finally:
        asr.stop()


def _vaults(box: Box) -> list[tuple[Vault, Ingest]]:
    return [(box.vault, Ingest(box.tapes_dir, box.vault))]
