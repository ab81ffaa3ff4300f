"""Who is in a session and what to call each, in a real vault."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.vaults import SESSION, draft, open_vault

from app.domain import Attribution, Mark, MarkKind, Told, Turn
from app.review import NoSuchWords, Review, VoiceReview, lines_of, part_digests, people_wanted, released_lines
from app.speech.relabelling import like_before
from app.telling_anew import keeping_work
from app.vault.vault import Vault
from app.web.voices_panel import voices_panel

THREE = Attribution((Turn(0, 1_900, "1"), Turn(2_000, 3_900, "2"), Turn(4_000, 5_900, "3")), Told.VOICES, 3, asked=3)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with open_vault(tmp_path) as opened:
        draft(opened, "one two", "three four", "five six")
        yield opened


def called(vault: Vault) -> list[str]:
    return [line.voice for line in lines_of(vault.sessions.content(SESSION))]


def test_cast__nobody_asked__calls_them_by_number(vault: Vault) -> None:
    assert called(vault) == ["Speaker 1", "Speaker 2", "Speaker 1"]


def test_cast__therapists_seat_known__calls_them_therapist_and_client_unless_a_person_says_otherwise(
    vault: Vault,
) -> None:
    two = (Turn(0, 1_900, "1"), Turn(2_000, 3_900, "2"), Turn(4_000, 5_900, "1"))
    vault.sessions.add_attribution(SESSION, Attribution(two, Told.SEATS, 2, therapist="2"))
    assert called(vault) == ["Client", "Therapist", "Client"]
    VoiceReview(vault).who(SESSION, "1", {}, "Ada")
    assert called(vault) == ["Therapist", "Client", "Therapist"]


def test_cast__couple__has_two_clients_or_the_names_given(vault: Vault) -> None:
    vault.sessions.add_attribution(SESSION, THREE)
    VoiceReview(vault).who(SESSION, "2", {}, "Ada")
    assert called(vault) == ["Client 1", "Therapist", "Client 2"]
    VoiceReview(vault).who(SESSION, "2", {"1": "  Jo  Ann ", "3": ""}, "Ada")
    assert called(vault) == ["Jo Ann", "Therapist", "Client 2"]
    VoiceReview(vault).undo(SESSION, "Ada")
    assert called(vault) == ["Client 1", "Therapist", "Client 2"]


def test_cast__everything_of_one_voice_given_to_another__leaves_one_client(vault: Vault) -> None:
    vault.sessions.add_attribution(SESSION, THREE)
    VoiceReview(vault).rename(SESSION, "3", "1", "Ada")
    VoiceReview(vault).who(SESSION, "2", {}, "Ada")
    assert called(vault) == ["Client", "Therapist", "Client"]


def test_names__of_a_voice__are_bound_by_an_approval_and_covered_where_withheld(vault: Vault) -> None:
    VoiceReview(vault).who(SESSION, "1", {}, "Ada")
    content = vault.sessions.content(SESSION)
    assert "names" not in part_digests(content)
    VoiceReview(vault).who(SESSION, "1", {"2": "Jo"}, "Ada")
    named = vault.sessions.content(SESSION)
    assert "names" in part_digests(named)
    withheld = Mark(1, MarkKind.REDACTED, 0, "Jo", "Ada", 0)
    assert [line.voice for line in released_lines(lines_of(named), [withheld])][1] == "[withheld]"


@pytest.mark.parametrize("name", ["x" * 41, "a\x00b"])
def test_names__too_long_or_unprintable__are_refused(vault: Vault, name: str) -> None:
    with pytest.raises(NoSuchWords):
        VoiceReview(vault).who(SESSION, "1", {"2": name}, "Ada")


def test_people__asked_for__wait_to_be_told_anew_until_it_is_done_or_taken_back(vault: Vault) -> None:
    two = replace(THREE, turns=(Turn(0, 3_900, "1"), Turn(4_000, 5_900, "2")), asked=2)
    vault.sessions.add_attribution(SESSION, two)
    assert vault.sessions.to_tell_anew() == []
    VoiceReview(vault).people(SESSION, 3, "Ada")
    assert people_wanted(vault.sessions.content(SESSION).voice_changes) == 3
    assert vault.sessions.to_tell_anew() == [(SESSION, 3)]
    before = vault.sessions.last_attribution(SESSION)
    vault.sessions.tell_anew(SESSION, lambda content: keeping_work(content, THREE))
    assert vault.sessions.to_tell_anew() == []
    assert vault.sessions.last_attribution(SESSION) > before
    VoiceReview(vault).undo(SESSION, "Ada")
    assert vault.sessions.to_tell_anew() == [(SESSION, 2)]
    with pytest.raises(NoSuchWords):
        VoiceReview(vault).people(SESSION, 7, "Ada")


def test_telling_anew__lines_were_edited_and_given_away__stay_as_they_are(vault: Vault) -> None:
    two = Attribution((Turn(0, 3_900, "1"), Turn(4_000, 5_900, "2")), Told.VOICES, 3)
    vault.sessions.add_attribution(SESSION, two)
    Review(vault).edit(SESSION, 1, "drei vier", "Ada")
    VoiceReview(vault).people(SESSION, 3, "Ada")
    cut = (Turn(0, 2_050, "1"), Turn(2_050, 3_900, "3"), Turn(4_000, 5_900, "2"))
    vault.sessions.tell_anew(SESSION, lambda content: keeping_work(content, replace(THREE, turns=cut)))
    lines = lines_of(vault.sessions.content(SESSION))
    assert [(line.speaker, line.text) for line in lines] == [("1", "one two"), ("1", "drei vier"), ("2", "five six")]


def test_like_before__voices_in_another_order__keep_their_numbers() -> None:
    before = (Turn(0, 1_900, "2"), Turn(2_000, 5_900, "1"))
    told = like_before(replace(THREE, therapist="1"), before)
    assert [turn.speaker for turn in told.turns] == ["2", "1", "3"]
    assert told.therapist == "2"
    assert like_before(THREE, ()).turns == THREE.turns


def test_telling_anew__nothing_can_be_told__keeps_what_was(vault: Vault) -> None:
    two = Attribution((Turn(0, 3_900, "1"), Turn(4_000, 5_900, "2")), Told.SEATS, 2)
    vault.sessions.add_attribution(SESSION, two)
    VoiceReview(vault).people(SESSION, 3, "Ada")
    nothing = Attribution((), Told.NO_MODEL, asked=3)
    vault.sessions.tell_anew(SESSION, lambda content: keeping_work(content, nothing))
    assert vault.sessions.content(SESSION).attribution == replace(two, asked=3)
    assert vault.sessions.to_tell_anew() == []
    assert "You asked for 3 people; the box could tell two apart." in " ".join(
        voices_panel(vault.sessions.content(SESSION)).notes
    )
