"""What the page says of a session that was heard anew. The whole app, without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.web_client import WebClient, web_client
from support.web_hearings import SECOND_MODEL, hear_anew
from support.web_sessions import add_session, plain

from app.asr.transcriber import SecondModel
from app.second_speed import SecondSpeed, keep_speed
from app.vault.vault import Vault

SESSION = "5e" * 16
PAGE = f"/sessions/{SESSION}/hearings"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WebClient]:
    with web_client(tmp_path) as client:
        yield client


@pytest.fixture
def vault(client: WebClient) -> Vault:
    vault = client.new_person()
    texts = plain("We met on a Thursday then", "And once more in spring")
    add_session(vault, client.tapes_dir, texts, session_id=SESSION, started_at_ms=1_795_000_000_000)
    client.sign_in(vault)
    return vault


def test_session_page__heard_anew__says_so_in_a_line(client: WebClient, vault: Vault) -> None:
    assert "Heard anew" not in client.http.get(f"/sessions/{SESSION}").text
    hear_anew(vault, SESSION, {"Thursday": "Tuesday"})
    page = client.http.get(f"/sessions/{SESSION}").text
    assert f"Heard anew by {SECOND_MODEL}: 1 word changed." in page
    assert f'href="{PAGE}"' in page
    assert "Tuesday" in page
    assert "Thursday" not in page


def test_hearings__the_changes__are_shown_and_can_be_taken_back(client: WebClient, vault: Vault) -> None:
    hear_anew(vault, SESSION, {"Thursday": "Tuesday"})
    page = client.http.get(PAGE).text
    assert "<del>Thursday</del>" in page
    assert "<ins>Tuesday</ins>" in page
    assert f'href="/sessions/{SESSION}#line-2"' in page
    assert client.http.post(PAGE, data={"which": "first"}).headers["location"] == PAGE
    assert "Let the second hearing stand" in client.http.get(PAGE).text
    page = client.http.get(f"/sessions/{SESSION}").text
    assert f"{SECOND_MODEL} heard 1 word otherwise; the first hearing stands again." in page
    assert "Thursday" in page
    assert client.http.post(PAGE, data={"which": "second"}).status_code == 303
    assert vault.hearings.swaps(SESSION) == 3
    actions = [one.action for one in vault.audit.latest(20)]
    assert actions.count("hearing.chosen") == 2
    assert "chose between the two hearings of the session" in client.http.get("/account/events").text


def test_hearings__worked_on_or_approved__stay_and_say_why(client: WebClient, vault: Vault) -> None:
    hear_anew(vault, SESSION, {"Thursday": "Tuesday"})
    vault.sessions.add_edit(SESSION, 2, "We met on a Wednesday", "Ada")
    refused = client.http.post(PAGE, data={"which": "first"})
    assert refused.status_code == 409
    assert "so they stay" in refused.text
    client.http.post(f"/sessions/{SESSION}/approve", data={"attested": "yes", "hearing": "1"})
    assert client.http.post(PAGE, data={"which": "first"}).status_code == 409
    assert "Take the first hearing back" not in client.http.get(PAGE).text
    assert "Wednesday" in client.http.get(f"/sessions/{SESSION}").text


def test_hearings__of_a_session_heard_once__are_not_there(client: WebClient, vault: Vault) -> None:
    assert client.http.get(PAGE).status_code == 404
    assert client.http.post(PAGE, data={"which": "first"}).status_code == 404
    assert client.http.post(PAGE, data={"which": "third"}).status_code == 400


def test_approve__a_page_with_the_words_before__is_refused(client: WebClient, vault: Vault) -> None:
    hear_anew(vault, SESSION, {"Thursday": "Tuesday"})
    form = {"attested": "yes", "hearing": "0"}
    refused = client.http.post(f"/sessions/{SESSION}/approve", data=form)
    assert refused.status_code == 409
    assert "heard this session anew" in refused.text


def test_what_the_box_holds__a_second_model__tells_size_and_time(client: WebClient, vault: Vault) -> None:
    assert "second model" not in client.http.get("/trust/now").text
    client.pipeline.second = SecondModel(SECOND_MODEL, 486_000_000)
    page = client.http.get("/trust/now").text
    assert "Whisper small (486 MB)" in page
    assert "not measured yet" in page
    keep_speed(client.settings.data_dir / "box", SecondSpeed(model=SECOND_MODEL, sound_s=1500, took_s=350))
    client.pipeline.second_waits = "the box is warm"
    page = client.http.get("/trust/now").text
    assert "it takes 14 seconds a minute of sound, measured over 25 minutes; it waits, as the box is warm" in page


def test_it_page__the_second_model__is_named_with_its_problem(client: WebClient, vault: Vault) -> None:
    client.pipeline.second = SecondModel(SECOND_MODEL, 486_000_000, "It is not on this box.")
    client.join_as_it()
    assert "Whisper small (486 MB): It is not on this box" in client.http.get("/it").text
