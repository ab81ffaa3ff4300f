import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.vaults import OTHER_SESSION, RATE_HZ, SESSION, STARTED_AT_MS, cursor, draft, head, open_vault, segment

from app.domain import Approval, Context, Cursor, Pause, SessionState
from app.vault.errors import (
    ApprovalMissing,
    NoSuchSession,
    NothingToUndo,
    NotReadyForApproval,
    SessionApproved,
    VaultFailed,
)
from app.vault.session_content import SessionContent
from app.vault.sessions import SessionStore
from app.vault.vault import Vault

HASH = "ab" * 32


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with open_vault(tmp_path) as vault:
        yield vault


@pytest.fixture
def sessions(vault: Vault) -> SessionStore:
    return vault.sessions


def approve(vault: Vault, author: str = "Ada") -> Approval:
    return vault.approvals.add(SESSION, lambda _, now_ms: Approval(HASH, author, now_ms, "I checked it."))


def test_add__twice__keeps_the_session_as_it_is(sessions: SessionStore) -> None:
    sessions.add(head())
    sessions.set_state(SESSION, SessionState.CAPTURED, "Something to know.")
    sessions.add(head(started_at_ms=1))
    row = sessions.get(SESSION)
    assert row is not None
    assert (row.head, row.state, row.problem) == (head(), SessionState.CAPTURED, "Something to know.")


def test_add__untrusted_clock__is_remembered(sessions: SessionStore) -> None:
    sessions.add(head(clock_trusted=False))
    assert sessions.list()[0].head.clock_trusted is False


def test_list__several__are_newest_first_with_length_words_and_progress(sessions: SessionStore) -> None:
    sessions.add(head())
    sessions.add(head(OTHER_SESSION, STARTED_AT_MS + 1))
    sessions.update_length(SESSION, 90 * RATE_HZ)
    sessions.append_segments(SESSION, [segment(0, "one two three"), segment(1, "four")], cursor(2))
    newer, older = sessions.list()
    assert newer.head.session_id == OTHER_SESSION
    assert (older.duration_ms, older.words, older.transcribed_samples) == (90_000, 4, 4 * RATE_HZ)
    assert sessions.get(SESSION) == older


def test_set_state__without_a_problem__clears_the_one_before(sessions: SessionStore) -> None:
    sessions.add(head())
    sessions.set_state(SESSION, SessionState.CAPTURED, "The recording ended abruptly.")
    sessions.set_state(SESSION, SessionState.TRANSCRIBING)
    row = sessions.get(SESSION)
    assert row is not None
    assert row.problem is None


def test_move_state__state_is_another__changes_nothing(sessions: SessionStore) -> None:
    sessions.add(head())
    assert sessions.move_state(SESSION, {SessionState.DRAFTED}, SessionState.IN_REVIEW) is False
    assert sessions.move_state(SESSION, {SessionState.RECORDING}, SessionState.CAPTURED) is True
    assert sessions.list()[0].state is SessionState.CAPTURED


@pytest.mark.parametrize("state", [SessionState.APPROVED, SessionState.EXPORTED])
def test_set_state__approved_without_an_approval__is_a_mistake(vault: Vault, state: SessionState) -> None:
    draft(vault, "a")
    with pytest.raises(ValueError, match="approv"):
        vault.sessions.set_state(SESSION, state)
    with pytest.raises(ValueError, match="approv"):
        vault.sessions.move_state(SESSION, {SessionState.DRAFTED}, state)
    assert vault.sessions.list()[0].state is SessionState.DRAFTED


def test_every_method__session_is_not_there__says_so(vault: Vault) -> None:
    sessions = vault.sessions
    assert sessions.get(SESSION) is None
    for use in (
        lambda: sessions.content(SESSION),
        lambda: sessions.set_state(SESSION, SessionState.CAPTURED),
        lambda: sessions.move_state(SESSION, {SessionState.DRAFTED}, SessionState.IN_REVIEW),
        lambda: sessions.update_length(SESSION, 1),
        lambda: sessions.append_segments(SESSION, [segment(0)], cursor(1)),
        lambda: sessions.cursor(SESSION),
        lambda: sessions.add_pauses(SESSION, [Pause(1)]),
        lambda: sessions.add_edit(SESSION, 0, "x", "Ada"),
        lambda: sessions.undo_edit(SESSION, 0, "Ada"),
        lambda: approve(vault),
        lambda: vault.approvals.revoke(SESSION, "Ada"),
        lambda: vault.approvals.add_export(SESSION, HASH, "text", "Ada"),
    ):
        with pytest.raises(NoSuchSession, match="not in your vault"):
            use()


def test_segments__read_back__are_exactly_what_was_heard(sessions: SessionStore) -> None:
    sessions.add(head())
    heard = [segment(0, 'quotes " and \u2028 \U0001f642'), replace(segment(1, "x", speaker=None), path="sampled")]
    at = Cursor(1234, Context((1, 50257, 0), "de", 1.25), 2)
    sessions.append_segments(SESSION, heard, at)
    assert sessions.segments(SESSION) == heard
    assert sessions.cursor(SESSION) == at


def test_append_segments__same_span_again__adds_nothing(sessions: SessionStore) -> None:
    sessions.add(head())
    first, second = [segment(0), segment(1)], [segment(2)]
    sessions.append_segments(SESSION, first, cursor(2))
    sessions.append_segments(SESSION, first, cursor(2))
    sessions.append_segments(SESSION, second, cursor(3))
    sessions.append_segments(SESSION, first, cursor(2))
    sessions.append_segments(SESSION, second, cursor(3))
    assert sessions.segments(SESSION) == first + second
    assert sessions.cursor(SESSION) == cursor(3)
    assert sessions.list()[0].words == 12


def test_append_segments__silence__moves_the_cursor_alone(sessions: SessionStore) -> None:
    sessions.add(head())
    sessions.append_segments(SESSION, [], Cursor(5000))
    sessions.append_segments(SESSION, [], Cursor(5000, finished=True))
    assert sessions.segments(SESSION) == []
    assert sessions.cursor(SESSION) == Cursor(5000, finished=True)


@pytest.mark.parametrize(("first", "upto"), [(1, 2), (3, 4), (2, 4), (2, 2)])
def test_append_segments__numbers_with_a_gap_or_overlap__is_a_mistake_that_stores_nothing(
    sessions: SessionStore, first: int, upto: int
) -> None:
    sessions.add(head())
    sessions.append_segments(SESSION, [segment(0), segment(1)], cursor(2))
    with pytest.raises(ValueError, match="do not lead from 2 to"):
        sessions.append_segments(SESSION, [segment(first)], Cursor(999_999, next_seq=upto))
    assert sessions.cursor(SESSION) == cursor(2)


def test_pauses__added_again_and_again__stand_once_and_in_order(sessions: SessionStore) -> None:
    sessions.add(head())
    sessions.add_pauses(SESSION, [Pause(9000), Pause(4000)])
    sessions.add_pauses(SESSION, [Pause(4000), Pause(9000), Pause(12_000)])
    assert sessions.pauses(SESSION) == [Pause(4000), Pause(9000), Pause(12_000)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE segments SET text = 'forged'",
        "UPDATE segments SET start_ms = 1 WHERE seq = 0",
        "DELETE FROM segments",
        "INSERT OR REPLACE INTO segments SELECT session_id, seq, 0, 0, NULL, 'forged', 0, '[]', '', '' FROM segments",
        "UPDATE edits SET text = 'forged'",
        "DELETE FROM edits",
        "UPDATE approvals SET content_hash = printf('%064d', 0)",
        "DELETE FROM approvals",
        "UPDATE revocations SET revoked_by = 'nobody'",
        "DELETE FROM revocations",
        "UPDATE exports SET exported_by = 'nobody'",
        "DELETE FROM exports",
        "UPDATE pauses SET at_ms = 0",
        "DELETE FROM pauses",
    ],
)
def test_database__statement_that_rewrites_history__is_refused(vault: Vault, statement: str) -> None:
    draft(vault, "a", "b")
    sessions = vault.sessions
    sessions.add_pauses(SESSION, [Pause(1000)])
    sessions.add_edit(SESSION, 0, "A", "Ada")
    approve(vault)
    vault.approvals.add_export(SESSION, HASH, "text", "Ada")
    vault.approvals.revoke(SESSION, "Ada")
    approve(vault)
    before = sessions.content(SESSION), vault.approvals.history(SESSION), vault.approvals.exports(SESSION)
    with pytest.raises(VaultFailed, match="SQLITE_CONSTRAINT"):
        vault._database.write(lambda connection: connection.execute(statement))
    assert (sessions.content(SESSION), vault.approvals.history(SESSION), vault.approvals.exports(SESSION)) == before


def test_database__whole_session_is_deleted__takes_everything_of_it_along(vault: Vault) -> None:
    draft(vault, "a", "b")
    sessions = vault.sessions
    sessions.add_pauses(SESSION, [Pause(1000)])
    sessions.add_edit(SESSION, 0, "A", "Ada")
    sessions.undo_edit(SESSION, 0, "Ada")
    approve(vault)
    vault.approvals.add_export(SESSION, HASH, "text", "Ada")
    vault.approvals.revoke(SESSION, "Ada")
    vault._database.write(lambda connection: connection.execute("DELETE FROM sessions"))
    for table in ("segments", "pauses", "edits", "approvals", "revocations", "exports"):
        count = f"SELECT count(*) FROM {table}"  # noqa: S608  the names above
        assert vault._database.read(lambda connection, ask=count: connection.execute(ask).fetchall()) == [(0,)], table


def test_add_edit__several__are_all_kept_and_the_latest_counts(vault: Vault) -> None:
    draft(vault, "one", "two")
    sessions = vault.sessions
    sessions.add_edit(SESSION, 0, "uno", "Ada")
    sessions.add_edit(SESSION, 1, "dos", "Ada")
    sessions.add_edit(SESSION, 0, "", "Bob")
    assert {seq: (edit.text, edit.author) for seq, edit in sessions.edits(SESSION).items()} == {
        0: ("", "Bob"),
        1: ("dos", "Ada"),
    }
    assert [edit.text for edit in sessions.edit_history(SESSION, 0)] == ["uno", ""]
    assert [one.text for one in sessions.segments(SESSION)] == ["one", "two"]


def test_add_edit__says_what_stands_already__is_not_kept_again(vault: Vault) -> None:
    draft(vault, "one")
    vault.sessions.add_edit(SESSION, 0, "one", "Ada")
    assert vault.sessions.edits(SESSION) == {}
    vault.sessions.add_edit(SESSION, 0, "uno", "Ada")
    vault.sessions.add_edit(SESSION, 0, "uno", "Bob")
    assert [edit.author for edit in vault.sessions.edit_history(SESSION, 0)] == ["Ada"]


def test_add_edit__no_such_line__says_so(vault: Vault) -> None:
    draft(vault, "one")
    for seq in (-1, 1):
        with pytest.raises(NoSuchSession, match="not in the transcript"):
            vault.sessions.add_edit(SESSION, seq, "x", "Ada")


def test_undo_edit__step_by_step__leads_back_to_the_machines_words(vault: Vault) -> None:
    draft(vault, "one")
    sessions = vault.sessions
    for text in ("uno", "eins"):
        sessions.add_edit(SESSION, 0, text, "Ada")
    stood = []
    for _ in range(2):
        sessions.undo_edit(SESSION, 0, "Bob")
        stood.append(sessions.edits(SESSION)[0].text)
    assert stood == ["uno", None]
    with pytest.raises(NothingToUndo, match="as the machine heard it"):
        sessions.undo_edit(SESSION, 0, "Bob")
    history = sessions.edit_history(SESSION, 0)
    first, second = history[:2]
    assert [(edit.text, edit.author, edit.undoes) for edit in history] == [
        ("uno", "Ada", None),
        ("eins", "Ada", None),
        ("uno", "Bob", second.edit_id),
        (None, "Bob", first.edit_id),
    ]


def test_undo_edit__then_another_edit__is_undone_alone(vault: Vault) -> None:
    draft(vault, "one")
    sessions = vault.sessions
    sessions.add_edit(SESSION, 0, "uno", "Ada")
    sessions.undo_edit(SESSION, 0, "Ada")
    sessions.add_edit(SESSION, 0, "eins", "Ada")
    sessions.undo_edit(SESSION, 0, "Ada")
    assert sessions.edits(SESSION)[0].text is None
    with pytest.raises(NothingToUndo):
        sessions.undo_edit(SESSION, 0, "Ada")


def test_add_approval__stands__and_nothing_it_binds_can_change(vault: Vault) -> None:
    draft(vault, "one")
    sessions = vault.sessions
    sessions.add_edit(SESSION, 0, "uno", "Ada")
    sessions.add_pauses(SESSION, [Pause(1000)])
    approve(vault)
    before = sessions.content(SESSION)
    for change in (
        lambda: sessions.add_edit(SESSION, 0, "eins", "Bob"),
        lambda: sessions.undo_edit(SESSION, 0, "Bob"),
        lambda: sessions.append_segments(SESSION, [segment(1)], cursor(2, finished=True)),
        lambda: sessions.add_pauses(SESSION, [Pause(2000)]),
        lambda: sessions.set_state(SESSION, SessionState.TRANSCRIBING),
    ):
        with pytest.raises(SessionApproved, match="Ada has approved this session, so it is read-only"):
            change()
    sessions.append_segments(SESSION, [segment(0)], cursor(1, finished=True))  # known already
    sessions.add_pauses(SESSION, [Pause(1000)])  # same
    assert sessions.content(SESSION) == before
    sessions.set_state(SESSION, SessionState.APPROVED, "The tape is damaged.")  # a problem may still be told
    assert sessions.list()[0].problem == "The tape is damaged."


def test_add_approval__given__seals_the_content_of_that_moment(vault: Vault) -> None:
    draft(vault, "one", "two")
    vault.sessions.add_edit(SESSION, 1, "dos", "Ada")
    seen: list[SessionContent] = []

    def seal(content: SessionContent, now_ms: int) -> Approval:
        seen.append(content)
        return Approval(HASH, "Ada", now_ms, "I checked it.")

    before_ms = time.time_ns() // 1_000_000
    approval = vault.approvals.add(SESSION, seal)
    assert approval.approved_at_ms >= before_ms
    assert [one.text for one in seen[0].segments] == ["one", "two"]
    assert seen[0].edits[1].text == "dos"
    assert vault.approvals.standing(SESSION) == approval
    assert vault.sessions.list()[0].state is SessionState.APPROVED


@pytest.mark.parametrize("state", [SessionState.RECORDING, SessionState.CAPTURED, SessionState.TRANSCRIBING])
def test_add_approval__not_transcribed_yet__is_refused(vault: Vault, state: SessionState) -> None:
    vault.sessions.add(head())
    vault.sessions.set_state(SESSION, state)
    with pytest.raises(NotReadyForApproval, match="still being recorded or transcribed"):
        approve(vault)


def test_add_approval__stands_already__is_refused(vault: Vault) -> None:
    draft(vault, "one")
    approve(vault)
    with pytest.raises(NotReadyForApproval, match="Ada has approved this session already"):
        approve(vault, "Bob")


def test_revoke_approval__explicitly__opens_the_session_and_keeps_both_acts(vault: Vault) -> None:
    draft(vault, "one")
    sessions = vault.sessions
    first = approve(vault)
    vault.approvals.revoke(SESSION, "Bob")
    assert vault.approvals.standing(SESSION) is None
    assert sessions.list()[0].state is SessionState.IN_REVIEW
    sessions.add_edit(SESSION, 0, "uno", "Ada")
    second = approve(vault, "Bob")
    kept = vault.approvals.history(SESSION)
    assert [(one.approved_by, one.revoked_by) for one in kept] == [("Ada", "Bob"), ("Bob", None)]
    assert (kept[0].revoked_at_ms or 0) >= first.approved_at_ms
    assert kept[1] == second
    vault.approvals.revoke(SESSION, "Ada")
    with pytest.raises(ApprovalMissing):
        vault.approvals.revoke(SESSION, "Ada")


def test_add_export__approved__is_logged_each_time(vault: Vault) -> None:
    draft(vault, "one")
    sessions = vault.sessions
    approve(vault)
    vault.approvals.add_export(SESSION, HASH, "text", "Ada")
    vault.approvals.add_export(SESSION, HASH, "text", "Bob")
    assert [(one.content_hash, one.kind, one.exported_by) for one in vault.approvals.exports(SESSION)] == [
        (HASH, "text", "Ada"),
        (HASH, "text", "Bob"),
    ]
    assert sessions.list()[0].state is SessionState.EXPORTED


def test_add_export__other_content_or_no_approval__is_refused(vault: Vault) -> None:
    draft(vault, "one")
    with pytest.raises(ApprovalMissing, match="Review the session and approve it"):
        vault.approvals.add_export(SESSION, HASH, "text", "Ada")
    approve(vault)
    with pytest.raises(ApprovalMissing):
        vault.approvals.add_export(SESSION, "cd" * 32, "text", "Ada")
    vault.approvals.revoke(SESSION, "Ada")
    with pytest.raises(ApprovalMissing):
        vault.approvals.add_export(SESSION, HASH, "text", "Ada")
    assert vault.approvals.exports(SESSION) == []


def test_two_sessions__edited_and_approved__know_nothing_of_each_other(vault: Vault) -> None:
    draft(vault, "one")
    draft(vault, "two", session_id=OTHER_SESSION)
    vault.sessions.add_edit(SESSION, 0, "uno", "Ada")
    approve(vault)
    other = vault.sessions.content(OTHER_SESSION)
    assert (other.edits, other.approval, [one.text for one in other.segments]) == ({}, None, ["two"])
    vault.sessions.add_edit(OTHER_SESSION, 0, "dos", "Ada")


def test_vault__2000_sessions_and_one_of_1500_segments__lists_and_opens_quickly(vault: Vault) -> None:
    sessions = vault.sessions
    rows = [(f"{number:032x}", STARTED_AT_MS + number) for number in range(2000)]
    vault._database.write(
        lambda connection: connection.executemany(
            "INSERT INTO sessions (session_id, started_at_ms, clock_trusted, sample_rate_hz, channels, state)"
            " VALUES (?, ?, 1, 16000, 1, 'drafted')",
            rows,
        )
    )
    draft(vault, *["ten words that one might say in a session here"] * 1500)
    for seq in range(0, 1500, 10):
        sessions.add_edit(SESSION, seq, "changed", "Ada")
    listing_s, opening_s = (quickest_s(use) for use in (sessions.list, lambda: sessions.content(SESSION)))
    assert len(sessions.list()) == 2001
    assert len(sessions.content(SESSION).edits) == 150
    assert listing_s < 0.25
    assert opening_s < 0.5


def quickest_s(use: object) -> float:
    """The best of five, so that a busy machine does not decide."""
    assert callable(use)
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        use()
        taken.append(time.perf_counter() - start)
    return min(taken)


def test_heard_by__spans_of_several_machines__are_counted_once_each(sessions: SessionStore) -> None:
    sessions.add(head())
    for number, machine in enumerate(("clinic/one", "", "clinic/one", "clinic/one"), start=1):
        for _ in range(2):  # a transcription that was killed comes again
            sessions.append_segments(SESSION, [], Cursor(number), machine)
    sessions.append_segments(SESSION, [], Cursor(9, finished=True))
    assert [(one.session_id, one.machine, one.windows) for one in sessions.heard_by(5)] == [
        (SESSION, "clinic/one", 3),
        (SESSION, "", 1),
    ]
    assert sessions.heard_by(0) == []
