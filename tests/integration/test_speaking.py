"""Who spoke, told over whole sessions: real tapes, real model, real vault."""

import gc
import weakref
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.asr import AsrProcess
from support.demo_sound import CHANNELS, RATE_HZ, demo_pcm
from support.vaults import SESSION, files_with, open_vault

from app.asr.client import SocketTranscriber
from app.asr.transcriber import TranscriberAway
from app.asr.voiceprints import Voiceprints
from app.domain import Attribution, SessionHead, SessionState, Told
from app.ingest import Ingest, OpenTape
from app.review import VoiceReview
from app.speech.attribution import mixed_down
from app.speech.speaking import Chunk, Source, Speakers, told_at_once
from app.telling_anew import TellingAnew
from app.vault.database import Connection
from app.vault.vault import Vault
from firmware.tape import ConsentEvent, Recipient, TapeReader, TapeWriter

LONG_S = 75


@pytest.fixture(scope="module")
def asr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsrProcess]:
    process = AsrProcess(tmp_path_factory.mktemp("asr"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def printer(asr: AsrProcess) -> Iterator[SocketTranscriber]:
    with closing(SocketTranscriber(asr.socket_path)) as client:
        yield client


def stereo() -> bytes:
    return demo_pcm(0, LONG_S)


def mono() -> bytes:
    return mixed_down(stereo(), CHANNELS)


def source_of(pcm: bytes, channels: int) -> Source:
    step = 30 * RATE_HZ * 2 * channels
    return lambda: iter([Chunk(at // (2 * channels), pcm[at : at + step]) for at in range(0, len(pcm), step)])


def agreement(one: Attribution, other: Attribution) -> float:
    """The part of the time in which both hear somebody that both give to the same speaker, after the best naming."""
    grids = [np.zeros(LONG_S * 20, int) for _ in range(2)]
    for grid, told in zip(grids, (one, other), strict=True):
        for turn in told.turns:
            grid[turn.start_ms // 50 : turn.end_ms // 50] = int(turn.speaker)
    both = (grids[0] > 0) & (grids[1] > 0)
    same = float((grids[0] == grids[1])[both].mean())
    return max(same, 1 - same)


def test_told__two_microphones_and_one__agree_on_the_demo_session(printer: SocketTranscriber) -> None:
    by_seat = told_at_once(source_of(stereo(), 2), 2, None)
    by_voice = told_at_once(source_of(mono(), 1), 1, printer)
    assert (by_seat.told, by_voice.told, by_voice.voices) == (Told.SEATS, Told.VOICES, 2)
    assert agreement(by_seat, by_voice) > 0.97


@pytest.mark.parametrize("dead", [0, 1])
def test_told__one_microphone_dead__is_told_by_voice_and_says_which(printer: SocketTranscriber, dead: int) -> None:
    samples = np.frombuffer(stereo(), "<i2").reshape(-1, 2).copy()
    samples[:, dead] = 0
    told = told_at_once(source_of(samples.tobytes(), 2), 2, printer)
    assert (told.told, told.dead_channel) == (Told.VOICES, dead)
    assert {turn.speaker for turn in told.turns} == {"1", "2"}


def test_told__both_microphones_hear_the_same__is_told_by_voice(printer: SocketTranscriber) -> None:
    one = np.frombuffer(mono(), "<i2")
    told = told_at_once(source_of(np.stack([one, one], axis=1).tobytes(), 2), 2, printer)
    assert (told.told, told.dead_channel) == (Told.VOICES, None)
    assert {turn.speaker for turn in told.turns} == {"1", "2"}


def test_told__one_person_talks__is_one_voice(printer: SocketTranscriber) -> None:
    by_seat = told_at_once(source_of(stereo(), 2), 2, None)
    own = [mono()[turn.start_ms * 32 : turn.end_ms * 32] for turn in by_seat.turns if turn.speaker == "1"]
    told = told_at_once(source_of(b"".join(own), 1), 1, printer)
    assert told.told is Told.ONE_VOICE
    assert {turn.speaker for turn in told.turns} == {"1"}


def test_told__model_is_missing__says_so_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    process = AsrProcess(tmp_path, models_dir=tmp_path / "models")
    process.start()
    with closing(SocketTranscriber(process.socket_path)) as printer:
        told = told_at_once(source_of(mono(), 1), 1, printer)
    process.stop()
    assert told == Attribution((), Told.NO_MODEL)


def test_told__silence__is_nobody(printer: SocketTranscriber) -> None:
    assert told_at_once(source_of(bytes(2 * RATE_HZ), 1), 1, printer).told is Told.NOBODY
    assert told_at_once(source_of(bytes(4 * RATE_HZ), 2), 2, printer).told is Told.NOBODY


class Remembering:
    """Passes prints on, and remembers them for the one who looks for what stayed behind."""

    def __init__(self, printer: SocketTranscriber) -> None:
        self.given: list[Voiceprints] = []
        self._printer = printer

    def voiceprints(self, pcm: bytes) -> Voiceprints:
        self.given.append(self._printer.voiceprints(pcm))
        return self.given[-1]


def everything_in(connection: Connection) -> str:
    """All rows of all tables of the opened vault, as text; bytes as hexadecimal digits."""
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows = [row for table in tables for row in connection.execute(f'SELECT * FROM "{table}"')]  # noqa: S608  own names
    return "\n".join(value.hex() if isinstance(value, bytes) else str(value) for row in rows for value in row)


def plant(connection: Connection, print_: bytes) -> None:
    """Store one after all, to see that it would be found."""
    connection.execute("CREATE TABLE planted (print BLOB)")
    connection.execute("INSERT INTO planted VALUES (?)", (print_,))


def mono_tape(vault: Vault, folder: Path) -> OpenTape:
    folder.mkdir()
    writer = TapeWriter.create(
        folder,
        SESSION,
        Recipient(vault.account.public_key),
        sample_rate_hz=RATE_HZ,
        channels=1,
        started_at_ms=1_800_000_000_000,
        clock_trusted=True,
        segment_s=300,
    )
    writer.append_consent(ConsentEvent.GIVEN)
    pcm = mono()
    for at in range(0, len(pcm), 2 * RATE_HZ):
        writer.append_audio(pcm[at : at + 2 * RATE_HZ])
    writer.close()
    vault.sessions.add(SessionHead(SESSION, 1_800_000_000_000, clock_trusted=True, sample_rate_hz=RATE_HZ, channels=1))
    reader = TapeReader(folder / SESSION, vault.open_tape_key(writer.head))
    reader.refresh()
    return OpenTape(folder / SESSION, reader, being_written=False)


def test_speakers__a_mono_session__is_stored_without_a_trace_of_a_voiceprint(
    tmp_path: Path, printer: SocketTranscriber
) -> None:
    remembering = Remembering(printer)
    with open_vault(tmp_path) as vault:
        tape, speakers = mono_tape(vault, tmp_path / "tapes"), Speakers(remembering)
        while not speakers.follow(tape, vault.sessions):
            pass
        stored = vault.sessions.content(SESSION).attribution
        assert stored is not None
        assert stored.told is Told.VOICES
        prints = np.concatenate([part.prints for part in remembering.given])
        assert len(prints) > 30
        traces = [prints[0].tobytes()[:16], prints[-1].tobytes()[-16:], prints.astype("<f8")[0].tobytes()[:16]]
        dumped = vault.sessions._database.read(everything_in)
        assert all(trace.hex() not in dumped.lower() for trace in traces)
        assert all(f"{value:.4f}" not in dumped for value in prints[0][:5])
        assert all(files_with(trace, tmp_path) == [] for trace in traces)
        vault.sessions._database.write(lambda connection: plant(connection, prints[0].tobytes()))
        assert traces[0].hex() in vault.sessions._database.read(everything_in).lower()


def test_speakers__after_a_session__hold_no_voiceprint_in_memory(tmp_path: Path, printer: SocketTranscriber) -> None:
    made: list[weakref.ref[np.ndarray]] = []

    class Watched:
        def voiceprints(self, pcm: bytes) -> Voiceprints:
            heard = printer.voiceprints(pcm)
            made.append(weakref.ref(heard.prints))
            return heard

    with open_vault(tmp_path) as vault:
        tape, speakers = mono_tape(vault, tmp_path / "tapes"), Speakers(Watched())
        assert not speakers.follow(tape, vault.sessions)
        assert any(print_() is not None for print_ in made)
        assert {turn.speaker for turn in speakers.provisional(SESSION)} == {"1", "2"}
        while not speakers.follow(tape, vault.sessions):
            pass
        assert speakers.provisional(SESSION) == ()
        gc.collect()
        assert [print_() for print_ in made] == [None] * len(made)


def test_telling_anew__three_people_asked_for__listens_again_and_keeps_the_numbers(
    tmp_path: Path, printer: SocketTranscriber
) -> None:
    with open_vault(tmp_path) as vault:
        tape = mono_tape(vault, tmp_path / "tapes")
        two = told_at_once(source_of(mono(), 1), 1, printer)
        swapped = tuple(replace(turn, speaker={"1": "2", "2": "1"}[turn.speaker]) for turn in two.turns)
        vault.sessions.add_attribution(SESSION, replace(two, turns=swapped))
        vault.sessions.set_state(SESSION, SessionState.DRAFTED)
        vault.keep_session_key(SESSION, vault.open_tape_key(tape.reader.head))
        VoiceReview(vault).people(SESSION, 3, "Ada")
        ingest, anew = Ingest(tmp_path / "tapes", vault), TellingAnew(printer, lambda: None)
        while anew.step(ingest, vault.sessions):
            pass
        told = vault.sessions.content(SESSION).attribution
        assert told is not None
        assert (told.asked, told.told, told.turns[0].speaker) == (3, Told.VOICES, "2")
        assert 2 <= len({turn.speaker for turn in told.turns}) <= 3


def test_speakers__asr_goes_away_half_way__begin_again_and_store_the_same(
    tmp_path: Path, printer: SocketTranscriber
) -> None:
    class Failing:
        calls = 0

        def voiceprints(self, pcm: bytes) -> Voiceprints:
            self.calls += 1
            if self.calls == 2:
                raise TranscriberAway
            return printer.voiceprints(pcm)

    with open_vault(tmp_path) as vault:
        tape, speakers = mono_tape(vault, tmp_path / "tapes"), Speakers(Failing())
        assert not speakers.follow(tape, vault.sessions)
        with pytest.raises(TranscriberAway):
            speakers.follow(tape, vault.sessions)
        while not speakers.follow(tape, vault.sessions):
            pass
        assert vault.sessions.content(SESSION).attribution == told_at_once(source_of(mono(), 1), 1, printer)
