import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.asr import AsrProcess
from support.demo_sound import CHANNELS, RATE_HZ, demo_pcm, demo_words
from support.words import word_error_rate

from app.asr.client import SocketTranscriber
from app.asr.transcriber import Window
from app.domain import Context, SessionRow, SessionState
from app.pipeline import Pipeline
from app.speech.ahead import Ahead
from app.speech.attribution import attribute, mixed_down, segments
from app.speech.windows import next_span
from app.vault.keys import Cost
from app.vault.vault import Vault, Vaults
from firmware.tape import ConsentEvent, Recipient, Stretch, TapeWriter

CHEAP = Cost(memory_kib=64, passes=1, lanes=1)
SESSION = "5e" * 16
PASSPHRASE = "a long walk by the canal"
SECOND_BYTES = RATE_HZ * CHANNELS * 2


@dataclass
class Box:
    """An app's back: a vault, a tapes folder, the pipeline in its thread, a real asr process."""

    tapes_dir: Path
    vaults: Vaults
    vault: Vault
    pipeline: Pipeline
    asr: AsrProcess

    def row(self) -> SessionRow:
        row = self.vault.sessions.get(SESSION)
        assert row is not None
        return row

    def until(self, state: SessionState, within_s: float = 240) -> SessionRow:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            row = self.vault.sessions.get(SESSION)
            if row and row.state is state:
                return row
            time.sleep(0.05)
        pytest.fail(f"the session did not reach {state}; {self.pipeline.speech_problem}")

    def text(self) -> str:
        return " ".join(segment.text for segment in self.vault.sessions.segments(SESSION))

    def tape(self) -> TapeWriter:
        writer = TapeWriter.create(
            self.tapes_dir,
            SESSION,
            Recipient(self.vault.account.public_key),
            sample_rate_hz=RATE_HZ,
            channels=CHANNELS,
            started_at_ms=1_800_000_000_000,
            clock_trusted=True,
            segment_s=300,
        )
        writer.append_consent(ConsentEvent.GIVEN)
        return writer


def say(writer: TapeWriter, start_s: float, end_s: float) -> None:
    pcm = demo_pcm(start_s, end_s)
    for place in range(0, len(pcm), SECOND_BYTES):
        writer.append_audio(pcm[place : place + SECOND_BYTES])


@contextmanager
def running(pipeline: Pipeline) -> Iterator[None]:
    stopping = threading.Event()
    worker = threading.Thread(target=pipeline.run, args=(stopping,))
    worker.start()
    try:
        yield
    finally:
        stopping.set()
        pipeline.stop()
        worker.join()


@pytest.fixture(scope="module")
def asr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsrProcess]:
    process = AsrProcess(tmp_path_factory.mktemp("asr"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def box(tmp_path: Path, asr: AsrProcess) -> Iterator[Box]:
    tapes_dir = tmp_path / "tapes"
    tapes_dir.mkdir()
    vaults = Vaults(tmp_path / "vaults", cost=CHEAP)
    vault, _ = vaults.create("Dr. Weber", PASSPHRASE)
    transcriber = SocketTranscriber(asr.socket_path)
    pipeline = Pipeline(tapes_dir, vaults, transcriber)
    with closing(transcriber), running(pipeline):
        yield Box(tapes_dir, vaults, vault, pipeline, asr)
    vaults.lock_all()


def test_pipeline__the_demo_session__is_drafted_with_two_speakers_and_few_errors(box: Box) -> None:
    writer = box.tape()
    say(writer, 0, 240)
    writer.close()
    row = box.until(SessionState.DRAFTED)
    assert row.problem is None
    assert word_error_rate(demo_words(), box.text()) < 0.08
    assert {segment.speaker for segment in box.vault.sessions.segments(SESSION)} == {"1", "2"}


def test_pipeline__a_tape_that_is_still_growing__is_heard_meanwhile(box: Box) -> None:
    writer = box.tape()
    say(writer, 0, 40)
    deadline = time.monotonic() + 60
    while not box.vault.sessions.get(SESSION) or not box.vault.sessions.segments(SESSION):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    progress = box.pipeline.progress(SESSION)
    assert progress is not None
    assert progress.live
    assert box.row().state is SessionState.RECORDING
    say(writer, 40, 50)
    writer.close()
    box.until(SessionState.DRAFTED)
    assert box.pipeline.progress(SESSION) is None
    assert "phone" in box.text()  # the end, too


def test_pipeline__a_window_that_still_fills__is_read_ahead_and_stored_only_as_a_whole(box: Box) -> None:
    writer = box.tape()
    say(writer, 0, 20)
    ahead = _ahead(box)
    assert len(ahead.text.split()) > 15
    assert 8 * RATE_HZ < ahead.until_sample <= 15 * RATE_HZ
    assert not box.vault.sessions.segments(SESSION)
    assert ahead.text not in repr(ahead)
    writer.close()
    box.until(SessionState.DRAFTED)
    assert box.pipeline.ahead(SESSION) is None


def test_pipeline__a_vault_locked__keeps_no_words_ahead(box: Box) -> None:
    writer = box.tape()
    say(writer, 0, 20)
    _ahead(box)
    box.vaults.lock_all()
    deadline = time.monotonic() + 60
    while box.pipeline.ahead(SESSION):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    writer.close()


def _ahead(box: Box) -> Ahead:
    deadline = time.monotonic() + 240
    while not (ahead := box.pipeline.ahead(SESSION)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return ahead


def test_pipeline__the_transcriber_killed_again_and_again__gives_the_same_transcript(box: Box) -> None:
    undisturbed = _transcript_without_kills(box)
    writer = box.tape()
    say(writer, 0, 60)
    writer.close()
    for _ in range(5):
        time.sleep(0.7)
        box.asr.kill()
        box.asr.start()
    box.until(SessionState.DRAFTED)
    assert box.text() == undisturbed
    assert box.pipeline.speech_problem is None


def _transcript_without_kills(box: Box) -> str:
    """The same sound heard window by window, start to end, without a tape or a vault."""
    transcriber = SocketTranscriber(box.asr.socket_path)
    pcm, texts, place, context = demo_pcm(0, 60), [], 0, Context()
    while span := next_span([Stretch(0, len(pcm) // 4)], place, ended=True):
        first, last = span.start_sample, span.start_sample + span.samples
        around = pcm[(first - span.before_samples) * 4 : (last + span.after_samples) * 4]
        window = Window(mixed_down(around, 2), span.final, context, span.before_samples, span.after_samples)
        heard = transcriber.hear(window)
        turns = attribute(heard.utterances, pcm[first * 4 : last * 4], 2)
        texts += [segment.text for segment in segments(turns, first_seq=0, offset_ms=0, model="")]
        place, context = place + heard.advance_samples, heard.context
    transcriber.close()
    return " ".join(texts)


def test_pipeline__a_pause__is_no_place_where_words_run_together(box: Box) -> None:
    writer = box.tape()
    say(writer, 0, 9)
    writer.append_consent(ConsentEvent.PAUSED)
    writer.append_consent(ConsentEvent.RESUMED)
    say(writer, 18, 25)
    writer.close()
    box.until(SessionState.DRAFTED)
    assert [pause.at_ms for pause in box.vault.sessions.pauses(SESSION)] == [9_000]
    assert all(segment.end_ms <= 9_100 or segment.start_ms >= 8_900 for segment in box.vault.sessions.segments(SESSION))


def test_pipeline__a_tape_cut_short__keeps_what_is_there_and_says_so(box: Box) -> None:
    writer = box.tape()
    say(writer, 0, 20)
    writer.abandon()
    segment = max(box.tapes_dir.glob("*/*.seg"))
    with segment.open("r+b") as file:
        file.truncate(segment.stat().st_size - 1_000)
    row = box.until(SessionState.DRAFTED)
    assert row.problem
    assert "safe" in row.problem or "before" in row.problem
    assert "red light" in box.text()
    assert 18 * RATE_HZ <= row.samples < 20 * RATE_HZ


def test_pipeline__a_tape_that_was_changed__is_refused_and_does_not_stop_the_others(box: Box) -> None:
    writer = box.tape()
    say(writer, 0, 20)
    writer.close()
    segment = max(box.tapes_dir.glob("*/*.seg"))
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    deadline = time.monotonic() + 60
    while not (row := box.vault.sessions.get(SESSION)) or not row.problem:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert row.state is not SessionState.DRAFTED
    assert box.pipeline.speech_problem is None


def test_pipeline__a_locked_vault__waits_and_goes_on_after_the_next_sign_in(box: Box) -> None:
    box.vaults.lock(box.vault.account.vault_id)
    writer = box.tape()
    say(writer, 0, 12)
    writer.close()
    time.sleep(1.5)
    box.vault = box.vaults.unlock(box.vault.account.vault_id, PASSPHRASE)
    box.until(SessionState.DRAFTED)
    assert "Martin" in box.text()
