from collections.abc import Iterator
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest
from support.vaults import PASSPHRASE, SESSION, cursor, draft, head, open_vault, segment

from app.domain import Pause, SessionState
from app.export import NotApproved, export_text
from app.review import Review
from app.vault.approvals import ApprovalStore
from app.vault.errors import NoSuchSession
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault, Vaults

NOON_MS = 1_795_004_000_000  # 18 November 2026, 12:13:20 UTC


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with open_vault(tmp_path) as vault:
        vault.approvals = ApprovalStore(vault._database, now_ms=lambda: NOON_MS)
        yield vault


def approve(vault: Vault) -> str:
    return Review(vault).approve(SESSION, "Dr. Ada Example").content_hash


def test_export_text__approved__reads_like_a_transcript_with_its_heading(vault: Vault) -> None:
    draft(vault, "How was your week?", "Long.", "um", "We moved house.", "I can imagine.")
    vault.sessions.add_pauses(SESSION, [Pause(4000), Pause(10_000)])
    review = Review(vault)
    review.edit(SESSION, 1, "Long, and loud.", "Dr. Ada Example")
    review.edit(SESSION, 2, "", "Dr. Ada Example")
    content_hash = approve(vault)
    assert export_text(vault, SESSION, zone=UTC) == (
        "Session transcript\n"
        "\n"
        "Session of 18 November 2026, 11:06 (UTC)\n"
        "Duration 0 min 10 s\n"
        "Approved by Dr. Ada Example on 18 November 2026, 12:13 (UTC)\n"
        "Statement: I have checked this transcript, which a machine drafted, and it says what was said in the session "
        "as far as I can tell.\n"
        "Drafted by a machine (base@ebe41f7), reviewed by a person\n"
        f"Content hash (SHA-256): {content_hash}\n"
        "\n"
        "00:00:00  Speaker 1: How was your week?\n"
        "\n"
        "00:00:02  Speaker 2: Long, and loud.\n"
        "\n"
        "00:00:04  (off the record)\n"
        "\n"
        "00:00:06  Speaker 2: We moved house.\n"
        "\n"
        "00:00:08  Speaker 1: I can imagine.\n"
        "\n"
        "00:00:10  (off the record)\n"
    )


def test_export_text__same_speaker_goes_on__stays_in_one_block(vault: Vault) -> None:
    vault.sessions.add(head(clock_trusted=False))
    heard = [segment(0, "one"), segment(1, "two"), segment(2, "three", None)]
    vault.sessions.append_segments(SESSION, heard, cursor(3, finished=True))
    vault.sessions.set_state(SESSION, SessionState.DRAFTED)
    approve(vault)
    text = export_text(vault, SESSION, zone=timezone(timedelta(hours=1), "CET"))
    assert text.endswith("\n\n00:00:00  Speaker 1: one\n00:00:02  Speaker 1: two\n\n00:00:04  Speaker unknown: three\n")
    assert "Session of 18 November 2026, 12:06 (CET), by a clock that was not set\n" in text
    assert "on 18 November 2026, 13:13 (CET)\n" in text


def test_export_text__nobody_spoke__is_a_heading_that_says_so(vault: Vault) -> None:
    draft(vault)
    approve(vault)
    assert "Drafted by a machine (it heard no words)" in export_text(vault, SESSION)


def test_export_text__approved__is_logged_with_who_and_the_hash(vault: Vault) -> None:
    draft(vault, "one")
    content_hash = approve(vault)
    export_text(vault, SESSION)
    export_text(vault, SESSION, "Bob")
    assert [(one.exported_by, one.content_hash, one.kind) for one in vault.approvals.exports(SESSION)] == [
        ("Dr. Ada Example", content_hash, "text"),
        ("Bob", content_hash, "text"),
    ]
    assert vault.sessions.list()[0].state is SessionState.EXPORTED


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (SessionState.RECORDING, "not transcribed to its end yet"),
        (SessionState.CAPTURED, "not transcribed to its end yet"),
        (SessionState.TRANSCRIBING, "not transcribed to its end yet"),
        (SessionState.DRAFTED, "still a draft that a machine wrote"),
        (SessionState.IN_REVIEW, "still a draft that a machine wrote"),
    ],
)
def test_export_text__not_approved__says_why_and_what_to_do_and_logs_nothing(
    vault: Vault, state: SessionState, sentence: str
) -> None:
    draft(vault, "one")
    vault.sessions.set_state(SESSION, state)
    with pytest.raises(NotApproved, match=f"{sentence}.*approve it") as caught:
        export_text(vault, SESSION)
    assert "one" not in str(caught.value).split()
    assert vault.approvals.exports(SESSION) == []
    assert vault.sessions.list()[0].state is state


def test_export_text__approval_taken_back__is_a_draft_again(vault: Vault) -> None:
    draft(vault, "one")
    approve(vault)
    export_text(vault, SESSION)
    Review(vault).unapprove(SESSION, "Ada")
    with pytest.raises(NotApproved, match="still a draft"):
        export_text(vault, SESSION)


def test_export_text__content_is_not_what_was_approved__is_refused(vault: Vault) -> None:
    draft(vault, "one")
    approve(vault)

    def tamper(connection: object) -> None:
        connection.execute("DROP TRIGGER segments_are_never_changed")  # type: ignore[attr-defined]
        connection.execute("UPDATE segments SET text = 'another'")  # type: ignore[attr-defined]

    vault._database.write(tamper)
    with pytest.raises(NotApproved, match="not what was approved"):
        export_text(vault, SESSION)
    assert vault.approvals.exports(SESSION) == []


def test_export_text__approval_taken_back_at_that_moment__lets_nothing_out(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft(vault, "one")
    approve(vault)
    read = vault.sessions.content(SESSION)
    Review(vault).unapprove(SESSION, "Bob")
    monkeypatch.setattr(vault.sessions, "content", lambda _: read)
    with pytest.raises(NotApproved, match="taken back a moment ago"):
        export_text(vault, SESSION)


def test_export_text__another_therapists_session__is_not_there(tmp_path: Path) -> None:
    vaults = Vaults(tmp_path / "vaults", cost=CHEAP_COST)
    ada, bob = vaults.create("Ada", PASSPHRASE)[0], vaults.create("Bob", PASSPHRASE)[0]
    draft(ada, "one")
    Review(ada).approve(SESSION, "Ada")
    with pytest.raises(NoSuchSession):
        export_text(bob, SESSION)
    vaults.lock_all()
