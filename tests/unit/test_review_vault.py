from collections.abc import Iterator
from pathlib import Path

import pytest
from support.vaults import SESSION, draft, head, open_vault

from app.domain import SessionState
from app.review import ATTESTATION, LineTooLong, Review
from app.vault.errors import ApprovalMissing, NoSuchSession, NothingToUndo, NotReadyForApproval, SessionApproved
from app.vault.vault import Vault


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with open_vault(tmp_path) as vault:
        draft(vault, "one", "two", "three")
        yield vault


@pytest.fixture
def review(vault: Vault) -> Review:
    return Review(vault)


def state(vault: Vault) -> SessionState:
    return vault.sessions.list()[0].state


def test_open__drafted__is_in_review_from_then_on(vault: Vault, review: Review) -> None:
    for _ in range(2):
        review.open(SESSION)
        assert state(vault) is SessionState.IN_REVIEW


@pytest.mark.parametrize("earlier", [SessionState.RECORDING, SessionState.TRANSCRIBING])
def test_open__not_drafted_yet__changes_nothing(vault: Vault, review: Review, earlier: SessionState) -> None:
    vault.sessions.set_state(SESSION, earlier)
    review.open(SESSION)
    assert state(vault) is earlier


def test_open__no_such_session__says_so(review: Review) -> None:
    with pytest.raises(NoSuchSession):
        review.open("00" * 16)


def test_edit__drafted__brings_it_into_review_and_shows_who(vault: Vault, review: Review) -> None:
    review.edit(SESSION, 1, "zwei", "Ada")
    line = review.transcript(SESSION)[1]
    assert (line.text, line.machine_text, line.edited_by) == ("zwei", "two", "Ada")
    assert line.edited_at_ms is not None
    assert state(vault) is SessionState.IN_REVIEW


def test_edit__still_transcribing__is_kept_and_changes_no_state(vault: Vault, review: Review) -> None:
    vault.sessions.set_state(SESSION, SessionState.TRANSCRIBING)
    review.edit(SESSION, 1, "zwei", "Ada")
    assert review.transcript(SESSION)[1].text == "zwei"
    assert state(vault) is SessionState.TRANSCRIBING


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  a\r\n b\t c ", "a b c"),
        ("a\x00b\x1b[2Jc", "ab[2Jc"),
        ("a\ud800b", "ab"),
        ("ni\u200dce \U0001f468\u200d\U0001f469", "ni\u200dce \U0001f468\u200d\U0001f469"),
        (" \n ", ""),
        ("<b onclick=alert(1)>", "<b onclick=alert(1)>"),
    ],
)
def test_edit__as_browsers_send_it__is_kept_as_one_plain_line(review: Review, typed: str, kept: str) -> None:
    review.edit(SESSION, 0, typed, "Ada")
    assert review.transcript(SESSION)[0].text == kept


def test_edit__longer_than_a_line__is_refused_and_keeps_what_stands(review: Review) -> None:
    with pytest.raises(LineTooLong, match="10,000"):
        review.edit(SESSION, 0, "x" * 10_001, "Ada")
    review.edit(SESSION, 0, "x" * 10_000, "Ada")
    assert len(review.transcript(SESSION)[0].text) == 10_000


def test_undo_edit__nobody_named__is_the_owners_and_kept(vault: Vault, review: Review) -> None:
    review.edit(SESSION, 0, "uno", "Bob")
    review.undo_edit(SESSION, 0)
    line = review.transcript(SESSION)[0]
    assert (line.text, line.edited_by) == ("one", None)
    assert [edit.author for edit in vault.sessions.edit_history(SESSION, 0)] == ["Bob", "Dr. Ada Example"]
    with pytest.raises(NothingToUndo):
        review.undo_edit(SESSION, 0, "Bob")


def test_approve__reviewed__verifies_and_is_read_only(vault: Vault, review: Review) -> None:
    review.edit(SESSION, 0, "uno", "Ada")
    approval = review.approve(SESSION, "Ada")
    assert (approval.approved_by, approval.attestation) == ("Ada", ATTESTATION)
    assert review.approval(SESSION) == approval
    assert review.verify(SESSION)
    assert state(vault) is SessionState.APPROVED
    for change in (lambda: review.edit(SESSION, 0, "eins", "Ada"), lambda: review.undo_edit(SESSION, 0)):
        with pytest.raises(SessionApproved, match="Take the approval back first"):
            change()
    assert review.transcript(SESSION)[0].text == "uno"


def test_approve__never_opened__is_accepted_as_the_machine_drafted_it(review: Review) -> None:
    review.approve(SESSION, "Ada", "I was there.")
    assert review.verify(SESSION)


def test_approve__not_drafted__is_refused(vault: Vault, review: Review) -> None:
    vault.sessions.add(head("00" * 16))
    with pytest.raises(NotReadyForApproval):
        review.approve("00" * 16, "Ada")


def test_unapprove__edited_and_approved_again__is_another_approval_and_both_are_kept(
    vault: Vault, review: Review
) -> None:
    first = review.approve(SESSION, "Ada")
    review.unapprove(SESSION, "Bob")
    assert not review.verify(SESSION)
    review.edit(SESSION, 0, "uno", "Ada")
    second = review.approve(SESSION, "Ada")
    assert first.content_hash != second.content_hash
    assert [one.content_hash for one in vault.approvals.history(SESSION)] == [
        first.content_hash,
        second.content_hash,
    ]


def test_unapprove__nothing_stands__says_so(review: Review) -> None:
    with pytest.raises(ApprovalMissing):
        review.unapprove(SESSION, "Ada")


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE segments SET text = 'onf' WHERE seq = 0",
        "UPDATE segments SET start_ms = 1 WHERE seq = 0",
        "UPDATE edits SET text = 'dos '",
        "UPDATE approvals SET attestation = attestation || '.'",
        "UPDATE approvals SET approved_at_ms = approved_at_ms + 1",
        "DELETE FROM edits",
    ],
)
def test_verify__database_changed_behind_our_back__is_false(vault: Vault, review: Review, tampering: str) -> None:
    review.edit(SESSION, 1, "dos", "Ada")
    review.approve(SESSION, "Ada")

    def tamper(connection: object) -> None:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()  # type: ignore[attr-defined]
        for (name,) in triggers:
            connection.execute(f"DROP TRIGGER {name}")  # type: ignore[attr-defined]
        assert connection.execute(tampering).rowcount == 1  # type: ignore[attr-defined]

    assert review.verify(SESSION)
    vault._database.write(tamper)
    assert not review.verify(SESSION)
