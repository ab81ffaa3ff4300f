"""Correcting who said what, in a real vault."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.vaults import SESSION, draft, open_vault

from app.domain import Attribution, SessionState, Told, Turn
from app.review import EditedWords, NoSuchWords, Review, Selected, VoiceReview, cast_of, lines_of
from app.vault.errors import NothingToUndo, SessionApproved
from app.vault.vault import Vault

TURNS = Attribution((Turn(0, 190, "1"), Turn(190, 1_900, "2"), Turn(2_000, 3_900, "1")), Told.VOICES, 2)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """Two lines of four words; the machine hears the second speaker from the third word of the first line."""
    with open_vault(tmp_path) as opened:
        draft(opened, "one two three four", "five six seven eight")
        opened.sessions.add_attribution(SESSION, TURNS)
        yield opened


def said(vault: Vault) -> list[tuple[str | None, str]]:
    return [(line.speaker, line.text) for line in Review(vault).transcript(SESSION)]


def test_transcript__attributed__has_a_line_a_turn(vault: Vault) -> None:
    assert said(vault) == [("1", "one two"), ("2", "three four"), ("1", "five six seven eight")]


def test_add_attribution__a_second_one__changes_nothing(vault: Vault) -> None:
    vault.sessions.add_attribution(SESSION, Attribution((), Told.NOBODY))
    assert vault.sessions.content(SESSION).attribution == TURNS


def test_assign__words_over_two_lines__are_the_other_speakers(vault: Vault) -> None:
    lines = Review(vault).transcript(SESSION)
    selected = Selected(lines[1].seq, lines[2].seq, first_ms=300, last_ms=2_100)
    VoiceReview(vault).assign(SESSION, selected, "3", "Ada")
    assert said(vault) == [("1", "one two"), ("2", "three"), ("3", "four"), ("3", "five six"), ("1", "seven eight")]
    assert vault.sessions.get(SESSION).state is SessionState.IN_REVIEW  # type: ignore[union-attr]


def test_undo__every_change__ends_at_what_the_machine_told(vault: Vault) -> None:
    voices, before = VoiceReview(vault), said(vault)
    voices.swap(SESSION, "Ada")
    voices.split(SESSION, 1, 2_100, "Ada")
    voices.merge(SESSION, 1, "Ada")
    voices.rename(SESSION, "1", "2", "Ada")
    voices.who(SESSION, "2", {}, "Ada")
    for _ in range(5):
        voices.undo(SESSION, "Ada")
    assert said(vault) == before
    with pytest.raises(NothingToUndo, match="as the machine told them apart"):
        voices.undo(SESSION, "Ada")
    assert len(vault.sessions.content(SESSION).voice_changes) == 10


def test_split_then_merge__are_the_line_again(vault: Vault) -> None:
    voices, before = VoiceReview(vault), said(vault)
    voices.split(SESSION, 1, 2_200, "Ada")
    assert said(vault)[2:] == [("1", "five six"), ("1", "seven eight")]
    voices.merge(SESSION, Review(vault).transcript(SESSION)[3].seq, "Ada")
    assert said(vault) == before


@pytest.mark.parametrize(("seq", "at_ms"), [(0, 0), (1, 2_000)])
def test_split__where_a_line_begins__is_refused(vault: Vault, seq: int, at_ms: int) -> None:
    with pytest.raises(NoSuchWords, match="begins there already"):
        VoiceReview(vault).split(SESSION, seq, at_ms, "Ada")


def test_merge__first_line__is_refused(vault: Vault) -> None:
    with pytest.raises(NoSuchWords, match="the first line"):
        VoiceReview(vault).merge(SESSION, 0, "Ada")


def test_assign__unknown_speaker__is_refused(vault: Vault) -> None:
    with pytest.raises(NoSuchWords, match="speakers 1 to 6"):
        VoiceReview(vault).assign(SESSION, Selected(0, 0), "<b>", "Ada")


def test_edit__a_line_within_a_segment__leaves_its_neighbour_alone(vault: Vault) -> None:
    second = Review(vault).transcript(SESSION)[1].seq
    Review(vault).edit(SESSION, second, "drei vier", "Ada")
    assert said(vault)[:2] == [("1", "one two"), ("2", "drei vier")]
    Review(vault).edit(SESSION, second, "three four", "Ada")
    Review(vault).undo_edit(SESSION, second)
    assert said(vault)[:2] == [("1", "one two"), ("2", "drei vier")]


def test_edit__what_the_piece_says_already__is_not_kept(vault: Vault) -> None:
    Review(vault).edit(SESSION, 0, "one two", "Ada")
    assert vault.sessions.edits(SESSION) == {}


def test_change__through_edited_words__is_refused_and_whole_lines_are_not(vault: Vault) -> None:
    voices = VoiceReview(vault)
    Review(vault).edit(SESSION, 1, "5 6 7 8", "Ada")
    with pytest.raises(EditedWords, match="Take that back first"):
        voices.split(SESSION, 1, 2_200, "Ada")
    with pytest.raises(EditedWords):
        voices.merge(SESSION, 1, "Ada")
    voices.assign(SESSION, Selected(1, 1), "2", "Ada")
    assert said(vault)[2] == ("2", "5 6 7 8")


def test_undo__of_a_split_whose_line_was_edited__is_refused(vault: Vault) -> None:
    voices = VoiceReview(vault)
    voices.split(SESSION, 1, 2_200, "Ada")
    Review(vault).edit(SESSION, Review(vault).transcript(SESSION)[3].seq, "sieben acht", "Ada")
    with pytest.raises(EditedWords):
        voices.undo(SESSION, "Ada")


def test_change__approved__is_refused_and_the_approval_binds_the_speakers(vault: Vault) -> None:
    review, voices = Review(vault), VoiceReview(vault)
    voices.swap(SESSION, "Ada")
    voices.who(SESSION, "2", {}, "Ada")
    first = review.approve(SESSION, "Ada").content_hash
    with pytest.raises(SessionApproved):
        voices.swap(SESSION, "Ada")
    review.unapprove(SESSION, "Ada")
    voices.who(SESSION, "1", {}, "Ada")
    assert review.approve(SESSION, "Ada").content_hash != first


def test_attribution__session_edited_before__keeps_the_edited_line_whole(tmp_path: Path) -> None:
    with open_vault(tmp_path) as vault:
        draft(vault, "one two three four")
        Review(vault).edit(SESSION, 0, "eins zwei drei vier", "Ada")
        vault.sessions.add_attribution(SESSION, TURNS)
        assert said(vault) == [("1", "eins zwei drei vier")]


def test_content__of_a_session__knows_the_therapist(vault: Vault) -> None:
    VoiceReview(vault).who(SESSION, "2", {}, "Ada")
    content = vault.sessions.content(SESSION)
    assert cast_of(content).therapist == "2"
    assert [line.machine_speaker for line in lines_of(content)] == ["1", "2", "1"]


def test_edit__line_that_begins_within_a_segment__can_be_edited_again_on_its_last_edit(vault: Vault) -> None:
    review, sessions = Review(vault), vault.sessions
    seq = review.transcript(SESSION)[1].seq
    review.edit(SESSION, seq, "three for", "Ada", base=0)
    review.edit(SESSION, seq, "three, for", "Ada", base=sessions.last_edit(SESSION))
    assert [line.text for line in review.lines(SESSION, {seq})] == ["three, for"]
    assert sessions.edited_since(SESSION, 0) == [seq]
