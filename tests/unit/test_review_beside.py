"""What a review sets beside the transcript, and what of it leaves the vault."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.vaults import SESSION, draft, open_vault

from app.domain import Mark, MarkKind
from app.export import export_text
from app.review import COVER, Cover, NothingSaid, Review, content_hash, part_digests
from app.vault.errors import ApprovalMissing, NoSuchSession, SessionApproved, VaultFailed
from app.vault.vault import Vault

ADA = "Dr. Ada Example"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with open_vault(tmp_path) as vault:
        draft(vault, "My brother Tom called.", "And then?", "tom shouted at me.", "Tomorrow is fine.")
        yield vault


@pytest.fixture
def review(vault: Vault) -> Review:
    return Review(vault)


def exported(vault: Vault) -> str:
    Review(vault).approve(SESSION, ADA)
    return export_text(vault, SESSION)


def test_redaction__covers_the_words_in_every_line_of_the_export_and_nothing_in_the_vault(
    vault: Vault, review: Review
) -> None:
    review.mark(SESSION, MarkKind.REDACTED, 0, "Tom", ADA)
    text = exported(vault)
    assert f"My brother {COVER} called." in text
    assert f"{COVER} shouted at me." in text
    assert "Tomorrow is fine." in text
    assert review.transcript(SESSION)[0].text == "My brother Tom called."


def test_redaction__taken_away__shows_the_words_again(vault: Vault, review: Review) -> None:
    review.mark(SESSION, MarkKind.REDACTED, 0, "Tom", ADA)
    vault.reviews.remove_mark(SESSION, vault.reviews.marks(SESSION)[0].mark_id, ADA)
    assert "My brother Tom called." in exported(vault)
    with pytest.raises(SessionApproved):
        vault.reviews.remove_mark(SESSION, 1, ADA)


def test_private_line__and_its_note__never_leave(vault: Vault, review: Review) -> None:
    review.mark(SESSION, MarkKind.PRIVATE, 2, "countertransference", ADA)
    review.mark(SESSION, MarkKind.CONTEXT, 2, "fist on the table", ADA)
    text = exported(vault)
    for word in ("shouted", "countertransference", "fist"):
        assert word not in text


def test_context_note__leaves_with_its_line__covered_where_it_names_somebody(vault: Vault, review: Review) -> None:
    review.mark(SESSION, MarkKind.CONTEXT, 0, "long look at the door when Tom came up", ADA)
    review.mark(SESSION, MarkKind.REDACTED, 0, "tom", ADA)
    assert f"[long look at the door when {COVER} came up]" in exported(vault)


@pytest.mark.parametrize(
    ("phrase", "text", "covered"),
    [
        ("Ann Lee", "ann  lee and Ann", f"{COVER} and Ann"),
        ("a.b", "a.b and axb", f"{COVER} and axb"),
        ("José", "JOSÉ's", f"{COVER}'s"),
        ("12", "12 and 120", f"{COVER} and 120"),
    ],
)
def test_cover__whole_words_only__whatever_their_case(phrase: str, text: str, covered: str) -> None:
    assert Cover([Mark(1, MarkKind.REDACTED, 0, phrase, ADA, 0)])(text) == covered


def test_approval__binds_every_mark(vault: Vault, review: Review) -> None:
    for kind in MarkKind:
        review.mark(SESSION, kind, 1, "something", ADA)
    approval = review.approve(SESSION, ADA)
    content = vault.sessions.content(SESSION)
    assert set(part_digests(content)) == {"lines", "marks", "pauses_ms"}
    vault._database.write(lambda con: con.execute("INSERT INTO mark_removals VALUES (1, 'x', 0)"))
    assert content_hash(vault.sessions.content(SESSION), approval) != approval.content_hash
    assert not review.verify(SESSION)


@pytest.mark.parametrize("kind", [MarkKind.CONTEXT, MarkKind.REDACTED])
def test_mark__without_words__is_refused(review: Review, kind: MarkKind) -> None:
    with pytest.raises(NothingSaid):
        review.mark(SESSION, kind, 1, "  ", ADA)


def test_everything__once_approved__is_read_only(vault: Vault, review: Review) -> None:
    review.approve(SESSION, ADA)
    for change in (
        lambda: review.mark(SESSION, MarkKind.CONTEXT, 0, "later", ADA),
        lambda: vault.reviews.accept(SESSION, 0, 0, ADA),
        lambda: vault.reviews.put_unkept(SESSION, 0, "later", ADA),
    ):
        with pytest.raises(SessionApproved):
            change()


def test_done__is_kept_with_the_approval_and_bound_by_it(vault: Vault, review: Review) -> None:
    vault.reviews.add_heard(SESSION, [(0, 1500), (1000, 2000)], ADA)
    approval = review.approve(SESSION, ADA)
    assert '"heard_ms":2000' in approval.done
    assert vault.approvals.standing(SESSION) == approval
    for trigger in ("approvals_are_never_changed",):
        vault._database.write(lambda con, name=trigger: con.execute(f"DROP TRIGGER {name}"))
    vault._database.write(lambda con: con.execute("UPDATE approvals SET done = replace(done, '2000', '9000')"))
    assert not review.verify(SESSION)


def test_addendum__to_an_approval__is_kept_beside_it_and_verified(vault: Vault, review: Review) -> None:
    with pytest.raises(ApprovalMissing):
        review.add(SESSION, "too early", ADA)
    approval = review.approve(SESSION, ADA)
    review.add(SESSION, " The brother's  name is Tim. ", ADA)
    assert [(one.text, one.author) for one in vault.reviews.addenda(SESSION)] == [("The brother's name is Tim.", ADA)]
    assert review.verify(SESSION)
    assert vault.approvals.standing(SESSION) == approval
    with pytest.raises(VaultFailed):
        vault._database.write(lambda con: con.execute("UPDATE addenda SET text = 'x'"))
    vault._database.write(lambda con: con.execute("DROP TRIGGER addenda_are_never_changed"))
    vault._database.write(lambda con: con.execute("UPDATE addenda SET text = text || '.'"))
    assert not review.verify(SESSION)


def test_unkept__typed_again_and_done__is_one_line_and_then_none(vault: Vault) -> None:
    vault.reviews.put_unkept(SESSION, 1, "And th", ADA)
    vault.reviews.put_unkept(SESSION, 1, "And then what", ADA)
    assert [(one.seq, one.text) for one in vault.reviews.unkept(SESSION)] == [(1, "And then what")]
    vault.reviews.drop_unkept(SESSION, 1, ADA)
    assert vault.reviews.unkept(SESSION) == []


def test_accepted_place__taken_back__is_open_again(vault: Vault) -> None:
    vault.reviews.accept(SESSION, 1, 2000, ADA)
    vault.reviews.accept(SESSION, 1, 2000, "Bob")
    assert vault.reviews.listening(SESSION).accepted == {(1, 2000)}
    vault.reviews.take_back_acceptance(SESSION, 1, 2000)
    assert vault.reviews.listening(SESSION).accepted == frozenset()


def test_anything__beside_a_session_that_is_not_there__says_so(vault: Vault) -> None:
    with pytest.raises(NoSuchSession):
        vault.reviews.add_heard("00" * 16, [(0, 1)], ADA)


def test_erased_session__takes_all_of_it_along(vault: Vault, review: Review) -> None:
    review.mark(SESSION, MarkKind.CONTEXT, 0, "gone with it", ADA)
    vault.reviews.add_heard(SESSION, [(0, 10)], ADA)
    vault.reviews.accept(SESSION, 0, 0, ADA)
    vault.reviews.put_unkept(SESSION, 0, "x", ADA)
    review.approve(SESSION, ADA)
    review.add(SESSION, "later", ADA)
    vault._database.write(lambda con: con.execute("DELETE FROM sessions"))
    for table in ("marks", "heard_spans", "accepted_places", "unkept_lines", "addenda"):
        assert vault._database.read(lambda con, name=table: con.execute(f"SELECT * FROM {name}").fetchall()) == []  # noqa: S608  named above
