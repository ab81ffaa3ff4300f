"""A second hearing in a real vault: it takes the transcript's place whole, or not at all, and is erased with it."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.decrypted_pages import pages_in_clear
from support.vaults import OTHER_SESSION, RATE_HZ, SESSION, draft, open_vault, segment

from app.client_archive import archive
from app.domain import (
    Attribution,
    Cursor,
    ErasedEnd,
    MarkKind,
    Receipt,
    SessionState,
    Told,
    VoiceChange,
    VoiceChangeKind,
)
from app.drafting import Drafting
from app.indexing import Indexer
from app.noting import Noting
from app.records.people import ClientDetails
from app.review import Review, lines_of
from app.vault.errors import HearingWorkedOn, NoSuchSession, NotReadyForApproval, SessionApproved, VaultFailed
from app.vault.vault import Vault, Vaults

MODEL = "Whisper small"
FIRST = (
    "I have slept badly since my shelf left, three hours",
    "it is a zebrafinch I think",
    "and that was all",
)
SECOND = (
    "I have slept badly since my sister left, three hours",
    "it is a glockenspiel I think and that was all",
)
ADA = "Ada"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with open_vault(tmp_path) as vault:
        draft(vault, *FIRST)
        vault.sessions.add_attribution(SESSION, Attribution((), Told.NOBODY))
        yield vault


def hear_anew(vault: Vault, *texts: str, finished: bool = True, session_id: str = SESSION) -> None:
    """What the second model hears, to the end or not yet."""
    assert vault.hearings.begin(session_id, MODEL)
    first = vault.hearings.cursor(session_id).next_seq
    found = [replace(segment(at, text), seq=first + at, model=MODEL) for at, text in enumerate(texts)]
    cursor = Cursor(len(texts) * 2 * RATE_HZ, next_seq=first + len(texts), finished=finished)
    vault.hearings.append_segments(session_id, found, cursor)


def texts(vault: Vault) -> tuple[str, ...]:
    return tuple(line.text for line in Review(vault).transcript(SESSION))


def test_take_over__nobody_came_before__the_second_hearing_is_the_transcript(vault: Vault) -> None:
    assert vault.hearings.waiting(MODEL) == [SESSION]
    hear_anew(vault, *SECOND)
    assert texts(vault) == FIRST
    assert vault.hearings.take_over(SESSION, MODEL, 4)
    assert texts(vault) == SECOND
    assert {one.model for one in vault.sessions.segments(SESSION)} == {MODEL}
    assert tuple(one.text for one in vault.hearings.other(SESSION)) == FIRST
    found, row = vault.hearings.find(SESSION), vault.sessions.get(SESSION)
    assert found is not None
    assert (found.stands, found.changed_words) == (True, 4)
    assert row is not None
    assert (row.words, row.state) == (20, SessionState.DRAFTED)
    assert vault.hearings.waiting(MODEL) == []  # once is enough


def test_take_over__search_and_note__are_of_the_words_that_stand(vault: Vault, tmp_path: Path) -> None:
    Drafting().draft_waiting(vault)
    before = vault.notes.note(SESSION)
    indexer = Indexer(Vaults(tmp_path / "none"))
    indexer.look(vault)
    hear_anew(vault, *SECOND)
    assert vault.hearings.take_over(SESSION, MODEL, 4)
    assert vault.notes.note(SESSION) is None
    assert before is not None
    assert not vault.notes.add_first_draft(SESSION, before)  # drafted of what stands no longer
    assert Drafting().draft_waiting(vault) == 1
    note = vault.notes.note(SESSION)
    assert note is not None
    keys = {line.seq for line in lines_of(vault.sessions.content(SESSION))}
    assert {line for one in note.sentences for line in one.lines} <= keys
    assert [session_id for session_id, _ in vault.search.stale()] == [SESSION]
    indexer.look(vault)
    assert vault.search.stale() == []
    assert vault.hearings.put(SESSION, "first")
    assert [session_id for session_id, _ in vault.search.stale()] == [SESSION]
    assert vault.notes.note(SESSION) is None


def note_sentence(vault: Vault) -> int:
    Drafting().draft_waiting(vault)
    note = vault.notes.note(SESSION)
    assert note is not None
    return note.sentences[0].sentence_id


def approve_and_take_back(vault: Vault) -> None:
    Review(vault).approve(SESSION, ADA)
    Review(vault).unapprove(SESSION, ADA)


def edit_and_undo(vault: Vault) -> None:
    vault.sessions.add_edit(SESSION, first_seq(vault), "otherwise", ADA)
    vault.sessions.undo_edit(SESSION, first_seq(vault), ADA)


def first_seq(vault: Vault) -> int:
    return vault.sessions.segments(SESSION)[0].seq


def draft_again(vault: Vault) -> None:
    Drafting().draft_waiting(vault)
    Noting(vault).draft_again(SESSION, "soap", ADA)


WORK: dict[str, Callable[[Vault], object]] = {
    "edited": lambda vault: vault.sessions.add_edit(SESSION, first_seq(vault), "otherwise", ADA),
    "edit-undone": edit_and_undo,
    "typed": lambda vault: vault.reviews.put_unkept(SESSION, first_seq(vault), "half", ADA),
    "marked": lambda vault: Review(vault).mark(SESSION, MarkKind.CONTEXT, first_seq(vault), "a long look", ADA),
    "found-right": lambda vault: vault.reviews.accept(SESSION, first_seq(vault), 0, ADA),
    "voices": lambda vault: vault.sessions.add_voice_change(
        SESSION, lambda _: VoiceChange(VoiceChangeKind.SWAP, "1", "2"), ADA
    ),
    "approved-once": approve_and_take_back,
    "note-changed": lambda vault: Noting(vault).edit(SESSION, note_sentence(vault), "Mine.", ADA),
    "drafted-again": draft_again,
}


@pytest.mark.parametrize("work", WORK)
def test_work__of_whatever_kind__keeps_the_words_it_was_done_on(vault: Vault, work: str) -> None:
    hear_anew(vault, *SECOND)
    WORK[work](vault)
    before = texts(vault)
    assert vault.hearings.waiting(MODEL) == []
    assert not vault.hearings.take_over(SESSION, MODEL, 4)
    assert texts(vault) == before
    assert vault.hearings.other(SESSION) == []  # nothing of it is kept
    assert not vault.hearings.begin(SESSION, MODEL)


@pytest.mark.parametrize("work", WORK)
def test_work__on_the_second_hearing__keeps_it(vault: Vault, work: str) -> None:
    hear_anew(vault, *SECOND)
    assert vault.hearings.take_over(SESSION, MODEL, 4)
    WORK[work](vault)
    before = texts(vault)
    with pytest.raises(HearingWorkedOn):
        vault.hearings.put(SESSION, "first")
    assert texts(vault) == before


def test_listening__before__leaves_the_words_and_after__is_no_hindrance(vault: Vault) -> None:
    hear_anew(vault, *SECOND)
    assert vault.hearings.take_over(SESSION, MODEL, 4)
    vault.reviews.add_heard(SESSION, [(0, 900)], ADA)
    assert vault.hearings.put(SESSION, "first")
    draft(vault, *FIRST, session_id=OTHER_SESSION)
    vault.sessions.add_attribution(OTHER_SESSION, Attribution((), Told.NOBODY))
    vault.reviews.add_heard(OTHER_SESSION, [(0, 900)], ADA)
    assert vault.hearings.waiting(MODEL) == []


def test_put__there_and_back__keeps_both_whole(vault: Vault) -> None:
    hear_anew(vault, *SECOND)
    first = vault.sessions.segments(SESSION)
    assert vault.hearings.take_over(SESSION, MODEL, 4)
    second = vault.sessions.segments(SESSION)
    for which, stands, waits in (("first", first, second), ("second", second, first), ("first", first, second)):
        assert vault.hearings.put(SESSION, which)  # type: ignore[arg-type]
        assert not vault.hearings.put(SESSION, which)  # type: ignore[arg-type]  pressed twice
        assert (vault.sessions.segments(SESSION), vault.hearings.other(SESSION)) == (stands, waits)
    assert vault.hearings.swaps(SESSION) == 4


def test_put__an_approval_stands__is_refused(vault: Vault) -> None:
    hear_anew(vault, *SECOND)
    assert vault.hearings.take_over(SESSION, MODEL, 4)
    Review(vault).approve(SESSION, ADA)
    with pytest.raises(SessionApproved):
        vault.hearings.put(SESSION, "first")
    assert Review(vault).verify(SESSION)


def test_put__a_session_heard_once__is_not_there(vault: Vault) -> None:
    with pytest.raises(NoSuchSession):
        vault.hearings.put(SESSION, "first")
    hear_anew(vault, SECOND[0], finished=False)
    with pytest.raises(NoSuchSession):
        vault.hearings.put(SESSION, "second")


def test_take_over__not_heard_to_the_end__changes_nothing(vault: Vault) -> None:
    hear_anew(vault, SECOND[0], finished=False)
    assert not vault.hearings.take_over(SESSION, MODEL, 1)
    assert texts(vault) == FIRST


def test_begin__after_a_kill__goes_on_and_with_another_model__begins_anew(vault: Vault) -> None:
    hear_anew(vault, SECOND[0], finished=False)
    cursor = vault.hearings.cursor(SESSION)
    assert vault.hearings.begin(SESSION, MODEL)
    assert vault.hearings.cursor(SESSION) == cursor
    vault.hearings.append_segments(SESSION, [], replace(cursor, next_seq=99))  # the same span again
    assert len(vault.hearings.other(SESSION)) == 1
    assert vault.hearings.begin(SESSION, "Whisper large-v3-turbo")
    assert vault.hearings.cursor(SESSION).next_sample == 0
    assert vault.hearings.other(SESSION) == []


def test_a_page_from_before__its_lines_and_its_approval__are_refused(vault: Vault) -> None:
    hear_anew(vault, *SECOND)
    assert vault.hearings.take_over(SESSION, MODEL, 4)
    with pytest.raises(NoSuchSession):
        vault.sessions.add_edit(SESSION, 1, "a line of the words before", ADA)
    with pytest.raises(NoSuchSession):
        vault.reviews.put_unkept(SESSION, 1, "likewise", ADA)
    with pytest.raises(NotReadyForApproval, match="heard this session anew"):
        Review(vault).approve(SESSION, ADA, hearing=0)
    Review(vault).approve(SESSION, ADA, hearing=1)


def test_segments__deleted_by_any_other_way__are_kept(vault: Vault) -> None:
    hear_anew(vault, *SECOND)
    assert vault.hearings.take_over(SESSION, MODEL, 4)
    for statement in ("DELETE FROM segments", "DELETE FROM other_segments", "DELETE FROM hearings_anew"):
        with pytest.raises(VaultFailed):
            vault._database.write(lambda connection, sql=statement: connection.execute(sql))
    assert texts(vault) == SECOND
    assert tuple(one.text for one in vault.hearings.other(SESSION)) == FIRST


def test_erased_session__no_page_of_the_vault__holds_a_word_of_either(vault: Vault, tmp_path: Path) -> None:
    hear_anew(vault, *SECOND)
    assert vault.hearings.take_over(SESSION, MODEL, 4)
    Drafting().draft_waiting(vault)
    assert words_in(vault, tmp_path) == {"zebrafinch", "glockenspiel"}
    vault.erase(Receipt(SESSION, "page", 0, clock_trusted=True, erased_at_ms=1, samples=1, sample_rate_hz=RATE_HZ))
    assert words_in(vault, tmp_path) == set()


def test_erased_end__words_of_either_hearing__are_gone(vault: Vault, tmp_path: Path) -> None:
    hear_anew(vault, *SECOND)
    assert vault.hearings.take_over(SESSION, MODEL, 4)
    vault.erasures.erase_end(SESSION, ErasedEnd(0, 6000, 0, clock_trusted=True), 0)
    assert words_in(vault, tmp_path) == set()
    assert vault.hearings.find(SESSION) is None


def words_in(vault: Vault, folder: Path) -> set[str]:
    """Which of the two words stand in any page of the database or its log, also where nothing points to any more."""
    keys = vault._keys
    assert keys is not None
    path = folder / "vaults" / vault.account.vault_id / "vault.db"
    content = b"".join(pages_in_clear(path, keys.database_key))
    return {word for word in ("zebrafinch", "glockenspiel") if word.encode() in content}


def test_archive_of_a_client__both_hearings__are_in_it(vault: Vault, tmp_path: Path) -> None:
    hear_anew(vault, *SECOND)
    assert vault.hearings.take_over(SESSION, MODEL, 4)
    client = vault.clients.add(ClientDetails("A-17"))
    vault.clients.link(SESSION, client.client_id, ADA)
    packed = b"".join(archive(vault, client.client_id, tmp_path / "tapes"))
    (tmp_path / "archive.zip").write_bytes(packed)

    with zipfile.ZipFile(tmp_path / "archive.zip") as found:
        content = found.read("everything.json").decode()
    assert "zebrafinch" in content
    assert "glockenspiel" in content
