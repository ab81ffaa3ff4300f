"""Notes in a real vault: drafted once, only ever added to, and never approved with an open flag."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.vaults import PASSPHRASE, draft, head
from support.web_sessions import conversation

from app.domain import Cursor, NoteSentence, SessionState
from app.drafting import Drafting
from app.notes.standing import Standing
from app.noting import NotASentence, Noting
from app.review import OpenFlags, Review
from app.vault.database import Database
from app.vault.errors import NoSuchSentence, SessionApproved, VaultFailed
from app.vault.keys import CHEAP_COST
from app.vault.schema import built_in_migrations
from app.vault.vault import Vault, Vaults

SESSION = "5e" * 16
OTHER = "6f" * 16
WRONG = "The client slept nine hours on Monday."


@pytest.fixture
def vaults(tmp_path: Path) -> Iterator[Vaults]:
    vaults = Vaults(tmp_path / "vaults", cost=CHEAP_COST)
    yield vaults
    vaults.lock_all()


@pytest.fixture
def vault(vaults: Vaults) -> Vault:
    """Ada's, with the demo session drafted."""
    vault, _ = vaults.create("Ada", PASSPHRASE)
    segments = conversation()
    vault.sessions.add(head(SESSION))
    vault.sessions.append_segments(SESSION, segments, Cursor(1, next_seq=len(segments), finished=True))
    vault.sessions.set_state(SESSION, SessionState.DRAFTED)
    assert Drafting().draft_waiting(vault) == 1
    return vault


def _standing(vault: Vault) -> tuple[Standing, ...]:
    opened = Noting(vault).open(SESSION)
    assert opened is not None
    return opened.standing


def _flag_one(vault: Vault) -> int:
    """Let a machine's sentence say what nobody said, and give its id."""
    first = next(one for one in _standing(vault) if one.heading == "Data")
    Noting(vault).edit(SESSION, first.sentence_id, WRONG, "Ada")
    return first.sentence_id


def _one(vault: Vault, sentence_id: int) -> Standing:
    return next(one for one in _standing(vault) if one.sentence_id == sentence_id)


def test_draft__session_with_a_note__is_not_drafted_again(vault: Vault) -> None:
    before = vault.notes.note(SESSION)
    assert Drafting().draft_waiting(vault) == 0
    assert before is not None
    assert not vault.notes.add_first_draft(SESSION, before)
    assert vault.notes.note(SESSION) == before


def test_draft__of_the_demo__is_sourced_unflagged_and_labelled(vault: Vault) -> None:
    note = vault.notes.note(SESSION)
    assert note is not None
    assert (note.drafter, note.version, note.format_name) == ("extractive", "1.0", "dap")
    standing = _standing(vault)
    assert len(standing) > 10
    assert all(one.lines and not one.flags and one.origin == "machine" and not one.gone for one in standing)
    assert not [one for one in standing if one.heading == "Assessment"]


def test_drafting_thread__session_is_complete__drafts_and_says_so(vaults: Vaults, vault: Vault) -> None:
    draft(vault, "I slept badly all week", session_id=OTHER)
    stopping, changed = threading.Event(), threading.Event()
    worker = threading.Thread(target=Drafting().run, args=(vaults, stopping, changed.set))
    worker.start()
    try:
        assert changed.wait(60)
    finally:
        stopping.set()
        worker.join()
    assert vault.notes.note(OTHER) is not None


def test_draft__session_still_being_written_down__waits(vault: Vault) -> None:
    draft(vault, "I slept badly all week", session_id=OTHER)
    vault.sessions.set_state(OTHER, SessionState.TRANSCRIBING)
    assert Drafting().draft_waiting(vault) == 0


def test_edit__what_nobody_said__is_flagged_and_keeps_the_machines_words(vault: Vault) -> None:
    drafted = next(one for one in _standing(vault) if one.heading == "Data").text
    sentence = _one(vault, _flag_one(vault))
    assert sentence.is_open
    assert {"number"} <= {flag.rule for flag in sentence.flags}
    assert (sentence.origin, sentence.drafted, sentence.author) == ("edited", drafted, "Ada")


def test_approve__flag_is_open__is_refused_and_nothing_is_approved(vault: Vault) -> None:
    _flag_one(vault)
    with pytest.raises(OpenFlags, match="One sentence of the note is flagged"):
        Review(vault).approve(SESSION, "Ada")
    assert Review(vault).approval(SESSION) is None


@pytest.mark.parametrize("way", ["edit", "accept", "take out", "put back", "source"])
def test_approve__flag_was_settled__is_given_and_binds_the_note(vault: Vault, way: str) -> None:
    noting, sentence_id = Noting(vault), _flag_one(vault)
    match way:
        case "edit":
            noting.edit(SESSION, sentence_id, _one(vault, sentence_id).drafted, "Ada")
        case "accept":
            noting.accept(SESSION, sentence_id, "Ada")
            assert _one(vault, sentence_id).accepted_by == "Ada"
        case "take out":
            noting.edit(SESSION, sentence_id, "  ", "Ada")
        case "put back":
            noting.put_back(SESSION, sentence_id, "Ada")
        case _:
            noting.edit(SESSION, sentence_id, "She called on Sunday evening.", "Ada")
            assert _one(vault, sentence_id).is_open
            line = next(line for line in Review(vault).transcript(SESSION) if "called on Sunday evening" in line.text)
            noting.source(SESSION, sentence_id, [line.seq], "Ada")
    Review(vault).approve(SESSION, "Ada")
    assert Review(vault).verify(SESSION)
    with pytest.raises(SessionApproved):
        noting.edit(SESSION, sentence_id, "something else", "Ada")
    with pytest.raises(SessionApproved):
        noting.draft_again(SESSION, "soap", "Ada")


def test_approval__a_row_of_the_note_is_forged_underneath__does_not_verify(vault: Vault) -> None:
    Review(vault).approve(SESSION, "Ada")
    forged = "INSERT INTO note_changes (sentence_id, text, lines, accepted, author, changed_at_ms)"
    sentence_id = _standing(vault)[0].sentence_id
    vault.notes._database.write(
        lambda connection: connection.execute(f"{forged} VALUES (?, 'forged', '[0]', '', 'Eve', 1)", (sentence_id,))
    )
    assert not Review(vault).verify(SESSION)


def test_acceptance__source_is_edited_afterwards__is_open_again(vault: Vault) -> None:
    sentence_id = _flag_one(vault)
    Noting(vault).accept(SESSION, sentence_id, "Ada")
    line = _one(vault, sentence_id).lines[0]
    Review(vault).edit(SESSION, line, "Something else was said.", "Ada")
    assert _one(vault, sentence_id).is_open
    with pytest.raises(OpenFlags):
        Review(vault).approve(SESSION, "Ada")


def test_source__line_is_struck_out__is_marked_as_gone_and_flagged(vault: Vault) -> None:
    sentence = next(one for one in _standing(vault) if len(one.lines) == 1)
    Review(vault).edit(SESSION, sentence.lines[0], "", "Ada")
    now = _one(vault, sentence.sentence_id)
    assert now.gone == sentence.lines
    assert [flag.rule for flag in now.flags] == ["unsourced"]


def test_own_sentence__in_the_assessment__is_never_flagged(vault: Vault) -> None:
    Noting(vault).write(SESSION, "Assessment", "Meets criteria for an adjustment disorder.", [], "Ada")
    own = _standing(vault)[-1]
    assert (own.origin, own.flags, own.heading) == ("own", (), "Assessment")
    Review(vault).approve(SESSION, "Ada")


def test_draft_again__in_another_format__carries_over_what_people_wrote_and_changed(vault: Vault) -> None:
    noting = Noting(vault)
    noting.write(SESSION, "Assessment", "Grief, working through.", [], "Ada")
    sentence_id = _flag_one(vault)
    noting.accept(SESSION, sentence_id, "Ada")
    noting.draft_again(SESSION, "birp", "Ada")
    opened = noting.open(SESSION)
    assert opened is not None
    assert [heading.name for heading in opened.note.headings] == ["Behavior", "Intervention", "Response", "Plan"]
    own = {one.text: one for one in opened.standing if one.origin == "own"}
    assert set(own) == {"Grief, working through.", WRONG}


@pytest.mark.parametrize("lines", [[9_999], list(range(60))])
def test_write__lines_that_are_not_there__are_refused(vault: Vault, lines: list[int]) -> None:
    with pytest.raises(NotASentence):
        Noting(vault).write(SESSION, "Data", "She called.", lines, "Ada")
    with pytest.raises(NotASentence):
        Noting(vault).source(SESSION, _standing(vault)[0].sentence_id, lines, "Ada")


def test_change__sentence_of_another_session__is_not_found(vault: Vault) -> None:
    draft(vault, "I slept badly all week", session_id=OTHER)
    Drafting().draft_waiting(vault)
    with pytest.raises(NoSuchSentence):
        Noting(vault).accept(OTHER, _standing(vault)[0].sentence_id, "Ada")
    with pytest.raises(NoSuchSentence):
        Noting(vault).write(SESSION, "No such section", "Words.", [], "Ada")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM note_drafts",
        "DELETE FROM note_sentences",
        "DELETE FROM note_changes",
        "UPDATE note_drafts SET version = '2'",
        "UPDATE note_sentences SET text = ''",
        "UPDATE note_changes SET text = ''",
    ],
)
def test_rows_of_a_note__changed_or_deleted_alone__are_refused_by_the_database(vault: Vault, statement: str) -> None:
    _flag_one(vault)
    with pytest.raises(VaultFailed):
        vault.notes._database.write(lambda connection: connection.execute(statement))


def test_migration__vault_of_the_version_before__gains_notes_and_keeps_its_sessions(
    vault: Vault, tmp_path: Path
) -> None:
    path, key = tmp_path / "old.db", b"k" * 32
    number = next(one.version for one in built_in_migrations() if "CREATE TABLE note_drafts" in one.sql)
    Database.create(path, key, built_in_migrations()[: number - 1])
    old = Database.open(path, key, built_in_migrations()[: number - 1])
    row = "INSERT INTO sessions (session_id, started_at_ms, clock_trusted, sample_rate_hz, channels, state)"
    old.write(lambda connection: connection.execute(f"{row} VALUES (?, 1, 1, 16000, 1, 'drafted')", (SESSION,)))
    old.close()
    new = Database.open(path, key)
    assert new.read(lambda connection: connection.execute("SELECT session_id FROM sessions").fetchall()) == [(SESSION,)]
    assert new.read(lambda connection: connection.execute("SELECT count(*) FROM note_drafts").fetchone()) == (0,)
    new.close()


def test_note_sentence__in_a_repr__hides_its_words(vault: Vault) -> None:
    note = vault.notes.note(SESSION)
    assert note is not None
    sentence: NoteSentence = note.sentences[0]
    assert sentence.text not in repr(replace(note))
