"""The last minutes of a session, erased while it is recorded: their words go from the vault as well."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.vaults import PASSPHRASE, SESSION, cursor, files_with, head, open_vault, segment
from support.web_sessions import RATE_HZ, hum, start_tape

from app.domain import Cursor, ErasedEnd, Pause, SessionHead, SessionState
from app.ingest import Ingest
from app.vault import database
from app.vault.database import Database
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault, Vaults
from firmware.tape import ConsentEvent, finish_erasing

WORD = b"xylophonist"
KEY = b"kanarienvogel-schluessel-1234567"
END = ErasedEnd(10_000, 20_000, 1_795_000_020_000, clock_trusted=True)
TAPE = SessionHead(SESSION, 1_795_000_000_000, clock_trusted=True, sample_rate_hz=RATE_HZ, channels=1)


class Killed(BaseException):
    pass


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with open_vault(tmp_path) as vault:
        yield vault


def fill(vault: Vault, last_words: str = WORD.decode()) -> None:
    """Ten lines of two seconds, of which the last five are to go, edited, marked and being typed at."""
    vault.sessions.add(head())
    lines = [segment(seq, f"kept {seq}" if seq < 5 else f"{last_words} {seq}") for seq in range(10)]
    vault.sessions.append_segments(SESSION, lines, cursor(10))
    vault.sessions.add_pauses(SESSION, [Pause(4000), Pause(15_000)])
    vault.sessions.set_state(SESSION, SessionState.RECORDING)
    vault.sessions.add_edit(SESSION, 1, "corrected", "Ada")
    vault.sessions.add_edit(SESSION, 7, f"typed {last_words}", "Ada")
    vault.sessions.undo_edit(SESSION, 7, "Ada")
    insert = (
        "INSERT INTO marks (session_id, kind, seq, text, author, set_at_ms) VALUES (?, 'note', ?, ?, 'Ada', 1)",
        "INSERT INTO unkept_lines (session_id, seq, author, text, typed_at_ms) VALUES (?, ?, 'Ada', ?, 1)",
    )
    for statement in insert:
        for seq in (2, 7 | 1 << 20):
            text = last_words if seq > 4 else "kept"
            vault.sessions._database.write(lambda db, s=statement, q=seq, t=text: db.execute(s, (SESSION, q, t)))


def rows(vault: Vault, statement: str) -> list[tuple[object, ...]]:
    return vault.sessions._database.read(lambda db: [tuple(row) for row in db.execute(statement)])


def test_erase_end__words_within__go_with_edits_marks_and_what_is_being_typed(vault: Vault) -> None:
    fill(vault)
    assert vault.erasures.erase_end(SESSION, END, 10 * 16_000)
    assert [one.seq for one in vault.sessions.segments(SESSION)] == [0, 1, 2, 3]  # line 4 ends within the margin
    assert [edit.seq for edit in vault.sessions.edits(SESSION).values()] == [1]
    assert rows(vault, "SELECT seq FROM marks") == [(2,)]
    assert rows(vault, "SELECT seq FROM unkept_lines") == [(2,)]
    assert vault.sessions.pauses(SESSION) == [Pause(4000)]
    (known,) = vault.erasures.ends(SESSION)
    assert (known.key, known.words, known.edits) == ((10_000, 20_000), 2 * 6, 2)
    row = vault.sessions.get(SESSION)
    assert row is not None
    assert row.words == 2 * 4


def test_erase_end__transcription__goes_on_from_the_first_line_that_went_and_remembers_no_words(vault: Vault) -> None:
    fill(vault)
    vault.erasures.erase_end(SESSION, END, 10 * 16_000)
    place = vault.sessions.cursor(SESSION)
    assert (place.next_sample, place.next_seq, place.finished) == (8 * 16_000, 10, False)
    assert (place.context.prompt, place.context.language) == ((), "en")
    vault.sessions.append_segments(SESSION, [segment(10)], Cursor(30 * 16_000, next_seq=11))
    assert [one.seq for one in vault.sessions.segments(SESSION)] == [0, 1, 2, 3, 10]


def test_erase_end__not_heard_so_far__keeps_every_word_and_the_place(vault: Vault) -> None:
    fill(vault)
    before = vault.sessions.cursor(SESSION)
    vault.erasures.erase_end(SESSION, ErasedEnd(30_000, 90_000, 0, clock_trusted=False), 30 * 16_000)
    assert vault.sessions.cursor(SESSION) == before
    assert len(vault.sessions.segments(SESSION)) == 10


def test_erase_end__told_again__changes_nothing(vault: Vault) -> None:
    fill(vault)
    vault.erasures.erase_end(SESSION, END, 10 * 16_000)
    vault.sessions.append_segments(SESSION, [segment(10)], Cursor(30 * 16_000, next_seq=11))
    assert not vault.erasures.erase_end(SESSION, END, 10 * 16_000)
    assert len(vault.sessions.segments(SESSION)) == 5
    assert len(vault.erasures.ends(SESSION)) == 1


@pytest.mark.parametrize("table", ["segments", "edits", "pauses", "marks", "erased_ends"])
def test_rows__outside_of_an_erased_end__are_still_never_deleted_alone(vault: Vault, table: str) -> None:
    fill(vault)
    vault.erasures.erase_end(SESSION, END, 10 * 16_000)
    with pytest.raises(Exception, match=r"."):
        vault.sessions._database.write(lambda db: db.execute(f"DELETE FROM {table}"))  # noqa: S608  a constant
    assert rows(vault, f"SELECT count(*) FROM {table}") != [(0,)]  # noqa: S608  same


@pytest.fixture
def plain_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    """With a database that is not encrypted, so that what is left in its pages can be seen."""
    vaults = Vaults(tmp_path / "vaults", cost=CHEAP_COST)
    vault, _ = vaults.create("Dr. Ada Example", PASSPHRASE)
    vaults.lock_all()
    monkeypatch.setattr(database, "_give_key", lambda *_: None)
    path = tmp_path / "vaults" / vault.account.vault_id / "vault.db"
    path.unlink()
    Database.create(path, KEY)
    vault = vaults.unlock(vault.account.vault_id, PASSPHRASE)
    fill(vault)
    assert files_with(WORD, tmp_path) == ["vault.db-wal"]
    vault.sessions._database.empty_log()
    assert files_with(WORD, tmp_path) == ["vault.db"]
    yield vault
    vaults.lock_all()


def test_erase_end__raw_bytes__hold_no_word_of_it_any_more(plain_vault: Vault, tmp_path: Path) -> None:
    plain_vault.erasures.erase_end(SESSION, END, 10 * 16_000)
    assert files_with(WORD, tmp_path) == []
    assert files_with(b"kept 3", tmp_path) == ["vault.db"]


@pytest.mark.parametrize("step", ["write", "empty_log"])
def test_erase_end__killed_in_between_and_told_again__leaves_no_word(
    plain_vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Database, step, die)
        with pytest.raises(Killed):
            plain_vault.erasures.erase_end(SESSION, END, 10 * 16_000)
    plain_vault.erasures.erase_end(SESSION, END, 10 * 16_000)
    assert files_with(WORD, tmp_path) == []
    assert len(plain_vault.sessions.segments(SESSION)) == 4


def test_ingest__end_erased_on_the_tape__takes_the_words_out_and_goes_on(vault: Vault, tmp_path: Path) -> None:
    tapes_dir = tmp_path / "tapes"
    writer = start_tape(tapes_dir, vault.account.public_key, TAPE)
    for second in range(10):
        writer.append_audio(hum(second, 1))
    ingest = Ingest(tapes_dir, vault)
    (tape,) = ingest.tapes()
    ingest.follow(tape)
    vault.sessions.append_segments(SESSION, [segment(seq) for seq in range(5)], Cursor(80_000, next_seq=5))
    writer.append_consent(ConsentEvent.PAUSED)
    writer.erase_last(4 * RATE_HZ, at_ms=1_795_000_020_000, clock_trusted=True)
    ingest.follow(tape)
    assert [one.seq for one in vault.sessions.segments(SESSION)] == [0, 1]  # line 2 ends within the margin
    assert vault.sessions.cursor(SESSION).next_sample == 4 * RATE_HZ
    (known,) = vault.erasures.ends(SESSION)
    assert (known.from_ms, known.to_ms, known.asked_at_ms) == (6000, 10_000, 1_795_000_020_000)
    writer.append_consent(ConsentEvent.RESUMED)
    writer.append_audio(hum(20, 1))
    writer.close()
    ingest.follow(tape)
    assert tape.reader.closed
    assert tape.reader.read_pcm(10 * RATE_HZ, RATE_HZ) == hum(20, 1)


def test_ingest__while_the_end_is_being_erased__waits_and_refuses_nothing(vault: Vault, tmp_path: Path) -> None:
    tapes_dir = tmp_path / "tapes"
    writer = start_tape(tapes_dir, vault.account.public_key, TAPE)
    for second in range(10):
        writer.append_audio(hum(second, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("firmware.tape.writer.finish_cut", lambda _: True)
        writer.erase_last(4 * RATE_HZ)
    writer.abandon()
    ingest = Ingest(tapes_dir, vault)
    assert ingest.tapes() == []
    row = vault.sessions.get(SESSION)
    assert row is not None
    assert row.problem is None
    finish_erasing(tapes_dir)
    (tape,) = ingest.tapes()
    ingest.follow(tape)
    assert len(vault.erasures.ends(SESSION)) == 1


def test_receipt_of_an_end__raw_columns__hold_numbers_alone(vault: Vault) -> None:
    fill(vault)
    vault.erasures.erase_end(SESSION, END, 10 * 16_000)
    (row,) = rows(vault, "SELECT * FROM erased_ends")
    assert all(isinstance(value, int) for value in row[1:])
