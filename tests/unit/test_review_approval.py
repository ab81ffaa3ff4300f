import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.vaults import RATE_HZ, head, segment

from app.domain import Approval, Edit, Listening, Pause, SessionRow, SessionState
from app.review import content_hash, is_as_approved, lines_of, part_digests
from app.vault.session_content import SessionContent

STORED = st.text(st.characters(exclude_categories=["Cs"]))  # half a surrogate pair is never stored
APPROVAL = Approval("", "Dr. Ada Example", 1_795_000_100_000, "I checked it.")
CONTENT = SessionContent(
    row=SessionRow(head(), SessionState.IN_REVIEW, 10 * RATE_HZ, 12, 10 * RATE_HZ, None),
    segments=(segment(0, "I see"), segment(1, "yes", "2"), segment(2, "and then Zoë", None)),
    edits={1: Edit(1, 1, "yes, exactly", "Ada", 5, None)},
    pauses=(Pause(2000),),
    approval=None,
)


def test_content_hash__known_content__is_the_sha256_of_this_very_text() -> None:
    """An approval given today has to verify with every later version, and by hand."""
    lines = (
        '[{"end_ms":1900,"seq":0,"speaker":"1","start_ms":0,"text":"I see"},'
        '{"end_ms":3900,"seq":1,"speaker":"2","start_ms":2000,"text":"yes, exactly"},'
        '{"end_ms":5900,"seq":2,"speaker":null,"start_ms":4000,"text":"and then Zoë"}]'
    )
    manifest = (
        '{"approved_at_ms":1795000100000,"approved_by":"Dr. Ada Example","attestation":"I checked it.",'
        '"done":"","format":"tacet approval 1","parts":{'
        f'"lines":"{sha256(lines)}","pauses_ms":"{sha256("[2000]")}"}},'
        '"session_id":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e","started_at_ms":1795000000000}'
    )
    assert content_hash(CONTENT, APPROVAL) == sha256(manifest)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def edited(text: str | None) -> SessionContent:
    return replace(CONTENT, edits={1: Edit(1, 1, text, "Ada", 5, None)})


def with_segment(seq: int, **changes: object) -> SessionContent:
    changed = [replace(one, **changes) if one.seq == seq else one for one in CONTENT.segments]  # type: ignore[arg-type]
    return replace(CONTENT, segments=tuple(changed))


CHANGES: dict[str, Callable[[], tuple[SessionContent, Approval]]] = {
    "one letter of an edit": lambda: (edited("yes, exactlv"), APPROVAL),
    "a space of an edit": lambda: (edited("yes,  exactly"), APPROVAL),
    "an edit struck out": lambda: (edited(""), APPROVAL),
    "an edit undone": lambda: (edited(None), APPROVAL),
    "one letter of the machine": lambda: (with_segment(0, text="I sea"), APPROVAL),
    "a line's start": lambda: (with_segment(0, start_ms=1), APPROVAL),
    "a line's end": lambda: (with_segment(0, end_ms=1901), APPROVAL),
    "a line's speaker": lambda: (with_segment(0, speaker="2"), APPROVAL),
    "an unknown speaker named": lambda: (with_segment(2, speaker=""), APPROVAL),
    "a line gone": lambda: (replace(CONTENT, segments=CONTENT.segments[:-1]), APPROVAL),
    "two lines swapped": lambda: (replace(CONTENT, segments=CONTENT.segments[::-1]), APPROVAL),
    "a pause gone": lambda: (replace(CONTENT, pauses=()), APPROVAL),
    "a pause moved": lambda: (replace(CONTENT, pauses=(Pause(2001),)), APPROVAL),
    "another session": lambda: (replace(CONTENT, row=replace(CONTENT.row, head=head("00" * 16))), APPROVAL),
    "another day": lambda: (replace(CONTENT, row=replace(CONTENT.row, head=head(started_at_ms=1))), APPROVAL),
    "one letter of the attestation": lambda: (CONTENT, replace(APPROVAL, attestation="I checked it!")),
    "another approver": lambda: (CONTENT, replace(APPROVAL, approved_by="Dr. Ada Exemple")),
    "a part more": lambda: (replace(CONTENT, parts={"note": ["Slept badly."]}), APPROVAL),
    "what was done": lambda: (CONTENT, replace(APPROVAL, done='{"heard_ms":2}')),
    "a millisecond of the time": lambda: (CONTENT, replace(APPROVAL, approved_at_ms=1_795_000_100_001)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_is_as_approved__anything_changed__is_false(change: str) -> None:
    sealed = replace(APPROVAL, content_hash=content_hash(CONTENT, APPROVAL))
    content, approval = CHANGES[change]()
    assert is_as_approved(CONTENT, sealed)
    assert not is_as_approved(content, replace(approval, content_hash=sealed.content_hash))


@given(STORED, STORED)
def test_content_hash__any_two_texts__agree_only_when_the_texts_do(one: str, other: str) -> None:
    same = content_hash(edited(one), APPROVAL) == content_hash(edited(other), APPROVAL)
    assert same == (one == other)


def test_content_hash__what_is_no_content__takes_no_part() -> None:
    other = replace(CONTENT, row=replace(CONTENT.row, state=SessionState.EXPORTED, problem="x", samples=1))
    other = replace(other, edits={1: Edit(9, 1, "yes, exactly", "Bob", 6, 3)}, approval=APPROVAL)
    other = replace(other, listening=Listening(((0, 5),), frozenset({(1, 2000)})))
    assert content_hash(other, replace(APPROVAL, content_hash="ff" * 32)) == content_hash(CONTENT, APPROVAL)


def test_content_hash__a_part_that_holds_nothing__binds_as_if_it_were_not_there() -> None:
    assert content_hash(replace(CONTENT, parts={"note": None}), APPROVAL) == content_hash(CONTENT, APPROVAL)


@pytest.mark.parametrize("note", [["Slept badIy."], ["Slept badly"], [], "Slept badly.", None])
def test_part_digests__one_part_changed__tells_which(note: object) -> None:
    before = part_digests(replace(CONTENT, parts={"note": ["Slept badly."]}))
    after = part_digests(replace(CONTENT, parts={"note": note}))
    assert {name for name in before if before[name] != after.get(name)} == {"note"}


def test_lines_of__edited_struck_out_and_undone__show_who_changed_what_stands() -> None:
    edits = {
        0: Edit(1, 0, "", "Ada", 5, None),
        1: Edit(3, 1, None, "Bob", 7, 2),
        2: Edit(4, 2, "and now", "Bob", 8, None),
    }
    lines = lines_of(replace(CONTENT, edits=edits))
    assert [(one.text, one.machine_text, one.edited_by, one.edited_at_ms) for one in lines] == [
        ("", "I see", "Ada", 5),
        ("yes", "yes", None, None),
        ("and now", "and then Zoë", "Bob", 8),
    ]
    assert [(one.seq, one.speaker, one.start_ms, one.end_ms) for one in lines] == [
        (0, "1", 0, 1900),
        (1, "2", 2000, 3900),
        (2, None, 4000, 5900),
    ]
    assert lines[0].words == CONTENT.segments[0].words


def test_line__printed__shows_no_speech() -> None:
    shown = repr(lines_of(CONTENT))
    assert "exactly" not in shown
    assert "I see" not in shown
