"""One character, anywhere in what was approved, and the approval does not verify: in real rows of a real vault."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.vaults import SESSION, draft, open_vault

from app.domain import MarkKind
from app.drafting import Drafting
from app.noting import Noting
from app.review import Review, is_as_approved
from app.vault.database import Connection
from app.vault.session_content import read_content
from app.vault.vault import Vault

# what is bound, and where it lies: table, column, and the row
TEXTS = {
    "a line as the machine heard it": ("segments", "text", "seq = 0"),
    "a line that a person edited": ("edits", "text", "undoes IS NULL"),
    "a note beside a line": ("marks", "text", "kind = 'context'"),
    "a name that is withheld": ("marks", "text", "kind = 'redacted'"),
    "a drafted sentence of the note": (
        "note_sentences",
        "text",
        "author = '' AND sentence_id NOT IN (SELECT sentence_id FROM note_changes)",
    ),
    "a sentence of one's own": ("note_sentences", "text", "author <> ''"),
    "a sentence that a person changed": ("note_changes", "text", "text IS NOT NULL"),
    "the attestation": ("approvals", "attestation", "1"),
    "who approved": ("approvals", "approved_by", "1"),
    "what was done by then": ("approvals", "done", "1"),
}
NUMBERS = {
    "when a line begins": ("segments", "start_ms", "seq = 2"),
    "when a line ends": ("segments", "end_ms", "seq = 2"),
    "when the session began": ("sessions", "started_at_ms", "1"),
    "when it was approved": ("approvals", "approved_at_ms", "1"),
    "when the note was drafted": ("note_drafts", "drafted_at_ms", "1"),
}


class TakenBack(Exception):
    """Ends a transaction so that nothing of it stays."""


@dataclass(frozen=True)
class Approved:
    vault: Vault

    def verifies_with(
        self, table: str, column: str, row: str, value: str | int | None = None
    ) -> tuple[str | int, bool]:
        """What stands in the row, and whether the approval verifies with `value` there; nothing of it is kept."""
        found: list[tuple[str | int, bool]] = []

        def change(connection: Connection) -> None:
            where = f"FROM {table} WHERE {row} ORDER BY rowid LIMIT 1"
            (rowid, before) = connection.execute(f"SELECT rowid, {column} {where}").fetchone()
            if value is not None:
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, rowid))  # noqa: S608  same
            content = read_content(connection, SESSION)
            found.append((before, content.approval is not None and is_as_approved(content, content.approval)))
            raise TakenBack

        with pytest.raises(TakenBack):
            self.vault._database.write(change)
        return found[0]


@pytest.fixture(scope="module")
def approved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approved]:
    """With an edit, marks and a note of which one sentence is the machine's, one changed and one a person's own."""
    with open_vault(tmp_path_factory.mktemp("approved")) as vault:
        draft(
            vault, "My sister Anne came on Monday.", "And you slept well?", "I slept well and ate with them.", "Good."
        )
        review, noting = Review(vault), Noting(vault)
        review.edit(SESSION, 1, "And did you sleep well?", "Ada")
        review.mark(SESSION, MarkKind.CONTEXT, 2, "long look at the door", "Ada")
        review.mark(SESSION, MarkKind.REDACTED, 0, "Anne", "Ada")
        Drafting().draft_waiting(vault)
        note = vault.notes.note(SESSION)
        assert note is not None
        assert len(note.sentences) > 1
        noting.write(SESSION, "", "She is well.", (), "Ada")
        noting.edit(SESSION, note.sentences[0].sentence_id, "Her sister came.", "Ada")
        opened = noting.open(SESSION)
        for one in opened.standing if opened else ():
            if one.is_open:
                noting.accept(SESSION, one.sentence_id, "Ada")
        review.approve(SESSION, "Ada")
        triggers = vault._database.read(
            lambda connection: connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        )
        for (name,) in triggers:
            vault._database.write(lambda connection, name=name: connection.execute(f"DROP TRIGGER {name}"))  # type: ignore[misc]
        yield Approved(vault)


@pytest.mark.parametrize("bound", [*TEXTS, *NUMBERS])
def test_approval__nothing_changed__verifies(approved: Approved, bound: str) -> None:
    before, verified = approved.verifies_with(*(TEXTS | NUMBERS)[bound])
    assert before
    assert verified


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data(), bound=st.sampled_from(sorted(TEXTS)))
def test_approval__one_character_changed_anywhere__does_not_verify(
    approved: Approved, data: st.DataObject, bound: str
) -> None:
    where = TEXTS[bound]
    text = str(approved.verifies_with(*where)[0])
    at = data.draw(st.integers(0, len(text)))
    put = data.draw(
        st.sampled_from(["", " ", "\u200b"]) | st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    )
    changed = text[:at] + put + text[at + data.draw(st.integers(0, 1)) :]
    assert approved.verifies_with(*where, changed)[1] == (changed == text)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(bound=st.sampled_from(sorted(NUMBERS)), off=st.integers(-3, 3))
def test_approval__one_millisecond_off__does_not_verify(approved: Approved, bound: str, off: int) -> None:
    where = NUMBERS[bound]
    before = int(approved.verifies_with(*where)[0])
    assert approved.verifies_with(*where, max(1, before + off))[1] == (max(1, before + off) == before)
