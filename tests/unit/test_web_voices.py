from pathlib import Path

import pytest
from support.vaults import SESSION, cursor, draft, head, open_vault, segment
from support.web_client import web_client

from app.domain import Attribution, SessionState, Told, Turn
from app.review import Review, VoiceReview
from app.web.voices_panel import VoicesPanel, voices_panel


def panel(tmp_path: Path, attribution: Attribution | None, *texts: str) -> VoicesPanel:
    with open_vault(tmp_path) as vault:
        draft(vault, *texts or ("How are you?", "fine"))
        if attribution:
            vault.sessions.add_attribution(SESSION, attribution)
        return voices_panel(vault.sessions.content(SESSION))


@pytest.mark.parametrize(
    ("attribution", "sentence"),
    [
        (None, "The voices are being told apart"),
        (Attribution((), Told.SEATS), "by the two microphones"),
        (Attribution((), Told.VOICES, 2), "How a voice sounds is not kept"),
        (Attribution((), Told.VOICES, 3), "It sounds as if 3 people spoke"),
        (Attribution((), Told.ONE_VOICE, 1), "sounds like one person"),
        (Attribution((), Told.NO_MODEL), "the model for voices is not on this box"),
        (Attribution((), Told.VOICES, 2, dead_channel=1), "Microphone 2 heard nothing"),
    ],
)
def test_panel__whatever_the_machine_did__says_it(
    tmp_path: Path, attribution: Attribution | None, sentence: str
) -> None:
    assert sentence in " ".join(panel(tmp_path, attribution).notes)


def test_panel__nobody_named__guesses_who_asks(tmp_path: Path) -> None:
    assert [(one.name, one.guessed) for one in panel(tmp_path, None).voices] == [
        ("Speaker 1", True),
        ("Speaker 2", False),
    ]
    assert not any(one.guessed for one in panel(tmp_path / "b", None, "well", "fine").voices)


def test_panel__therapist_named__names_both_and_guesses_no_more(tmp_path: Path) -> None:
    with open_vault(tmp_path) as vault:
        draft(vault, "How are you?", "fine")
        VoiceReview(vault).who(SESSION, "2", {}, "Ada")
        shown = voices_panel(vault.sessions.content(SESSION))
    assert [(one.name, one.therapist, one.guessed) for one in shown.voices] == [
        ("Client", False, False),
        ("Therapist", True, False),
    ]
    assert shown.undoable


def test_panel__approved__offers_no_change(tmp_path: Path) -> None:
    with open_vault(tmp_path) as vault:
        draft(vault, "one", "two")
        Review(vault).approve(SESSION, "Ada")
        assert not voices_panel(vault.sessions.content(SESSION)).editable


def test_panel__two_speak_at_once__counts_and_draws_it(tmp_path: Path) -> None:
    turns = (Turn(0, 1_900, "1"), Turn(2_000, 3_900, "2"))
    shown = panel(tmp_path, Attribution(turns, Told.SEATS, 2, overlaps=((1_500, 2_500), (3_000, 3_200))))
    assert shown.both == "1 second, 2 times"
    assert shown.together.count("M") == 3
    assert all(sample.end_ms - sample.start_ms <= 5_000 for voice in shown.voices for sample in voice.samples)


def test_panel__another_number_of_people_asked_for__says_that_the_box_listens_again(tmp_path: Path) -> None:
    with open_vault(tmp_path) as vault:
        draft(vault, "one", "two")
        vault.sessions.add_attribution(SESSION, Attribution((Turn(0, 3_900, "1"),), Told.VOICES, 3))
        assert voices_panel(vault.sessions.content(SESSION)).more
        VoiceReview(vault).people(SESSION, 3, "Ada")
        assert voices_panel(vault.sessions.content(SESSION)).listening_for == 3
        VoiceReview(vault).undo(SESSION, "Ada")
        assert voices_panel(vault.sessions.content(SESSION)).listening_for is None


@pytest.mark.parametrize(
    ("attribution", "sentence"),
    [
        (Attribution((), Told.NO_MODEL), "Nobody is told apart: the model for voices is not on this box."),
        (Attribution((), Told.VOICES, 3), "It sounds as if 3 people spoke, and the box told two apart."),
        (Attribution((), Told.VOICES, 2, dead_channel=0), "Microphone 1 heard nothing. Check its cable."),
    ],
    ids=["no-model", "three-people", "dead-channel"],
)
def test_page_of_voices__where_the_box_did_something_else__says_so(
    tmp_path: Path, attribution: Attribution, sentence: str
) -> None:
    with web_client(tmp_path) as client:
        vault = client.new_person()
        client.sign_in(vault)
        vault.sessions.add(head())
        vault.sessions.append_segments(SESSION, [segment(0, speaker=None)], cursor(1, finished=True))
        vault.sessions.add_attribution(SESSION, attribution)
        vault.sessions.set_state(SESSION, SessionState.DRAFTED)
        page = client.http.get(f"/sessions/{SESSION}/voices").text
        assert sentence in page
        assert "Correct who said what" in page


def test_page_of_a_session__while_it_goes_on__names_voices_as_heard_so_far(tmp_path: Path) -> None:
    with web_client(tmp_path) as client:
        vault = client.new_person()
        client.sign_in(vault)
        vault.sessions.add(head())
        vault.sessions.append_segments(SESSION, [segment(seq, speaker=None) for seq in range(3)], cursor(3))
        assert "Speaker" not in client.http.get(f"/sessions/{SESSION}/transcript").text
        client.pipeline.turns[SESSION] = (Turn(0, 1_950, "1"), Turn(1_950, 3_900, "2"))
        page = client.http.get(f"/sessions/{SESSION}/transcript").text
        assert [page.count(f"Speaker {number}") for number in (1, 2, 3)] == [1, 1, 0]
