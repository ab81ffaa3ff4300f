"""The golden thread: goals, suggested by shared words, linked by a person, followed on the client's page."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.vaults import SESSION, draft
from support.web_client import WebClient, web_client

from app.indexing import Indexer
from app.notes.goals import goals_of, suggested
from app.noting import Noting
from app.records.people import ClientDetails
from app.review import Review
from app.vault.errors import NoSuchSentence
from app.vault.vault import Vault

SLEEP, WALK = "Sleep through the night", "Go out for a walk"
PLAN = f"{SLEEP}\n- {WALK}\n\n{SLEEP}"
NOTE = f"/sessions/{SESSION}/note"
HTMX = {"hx-request": "true"}
SAID = (
    "How was your week since we met?",
    "I slept three hours on Monday night and my sister shouted at me.",
    "What did you do when she shouted?",
    "I went for a walk by the river and I felt calmer afterwards.",
)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WebClient]:
    with web_client(tmp_path) as client:
        yield client


@pytest.fixture
def vault(client: WebClient) -> Vault:
    """Ada's, with a session of Zoë's and its note."""
    vault = client.new_person()
    draft(vault, *SAID)
    zoe = vault.clients.add(ClientDetails("Zoë", goals=PLAN))
    vault.clients.link(SESSION, zoe.client_id, "Ada")
    assert client.app.state.desk.drafting.draft_waiting(vault) == 1
    client.sign_in(vault)
    return vault


def _client_id(vault: Vault) -> str:
    return vault.clients.list()[0].client_id


def _sentence(vault: Vault, words: str) -> int:
    opened = Noting(vault).open(SESSION)
    assert opened is not None
    return next(one.sentence_id for one in opened.standing if words in one.text and one.heading)


def _link(client: WebClient, sentence_id: int, goal: str, linked: str = "yes") -> int:
    form = {"goal": goal, "linked": linked}
    return int(client.http.post(f"{NOTE}/sentences/{sentence_id}/goal", data=form, headers=HTMX).status_code)


def test_goals_of__a_typed_plan__is_a_goal_a_line_each_once() -> None:
    assert goals_of(PLAN) == (SLEEP, WALK)
    assert goals_of(" \n") == ()


def test_suggested__by_shared_words_alone__puts_the_nearest_first() -> None:
    assert suggested(["I slept badly last night"], [WALK, SLEEP]) == (SLEEP,)
    assert suggested(["We walked at night"], [SLEEP, WALK]) == (SLEEP, WALK)
    assert suggested(["She shouted at me"], [SLEEP, WALK]) == ()
    assert suggested([""], [SLEEP]) == ()


def test_note__of_a_client_with_goals__suggests_and_links_and_takes_back(client: WebClient, vault: Vault) -> None:
    walk = _sentence(vault, "walk by the river")
    assert f"Touches: {WALK}?" in client.http.get(NOTE, headers=HTMX).text
    assert _link(client, walk, WALK) == 200
    assert f"Goal: {WALK}" in client.http.get(NOTE, headers=HTMX).text
    assert vault.goals.of_session(SESSION) == {walk: (WALK,)}
    assert _link(client, walk, WALK) == 200  # said twice is said once
    assert _link(client, walk, WALK, "no") == 200
    assert vault.goals.of_session(SESSION) == {}


def test_link__forged_goal_or_sentence__is_refused(client: WebClient, vault: Vault) -> None:
    walk = _sentence(vault, "walk by the river")
    assert _link(client, walk, "Somebody else's goal") == 404
    assert _link(client, walk + 999, WALK) == 404
    client.sign_in(client.new_person("Jonas Brandt"))
    assert _link(client, walk, WALK) == 404
    assert vault.goals.of_session(SESSION) == {}
    with pytest.raises(NoSuchSentence):
        vault.goals.link(SESSION, 999, WALK, "Ada")


def test_links__of_a_note_that_is_drafted_again__go_on(client: WebClient, vault: Vault) -> None:
    walk = _sentence(vault, "walk by the river")
    vault.goals.link(SESSION, walk, WALK, "Ada")
    assert client.http.post(f"{NOTE}/draft", data={"note_format": "dap"}, headers=HTMX).status_code == 200
    again = _sentence(vault, "walk by the river")
    assert again != walk
    assert vault.goals.of_session(SESSION) == {again: (WALK,)}


def test_client_page__goal_sessions_and_spans__shows_words_only_once_they_are_approved(
    client: WebClient, vault: Vault
) -> None:
    page, walk = f"/clients/{_client_id(vault)}", _sentence(vault, "walk by the river")
    assert "Nothing is linked to it yet." in client.http.get(page).text
    vault.goals.link(SESSION, walk, WALK, "Ada")
    shown = client.http.get(page).text
    assert "1 place in a draft" in shown
    assert "by the river" not in shown
    assert client.http.get(f"{NOTE}/approved").status_code == 404
    Review(vault).approve(SESSION, "Ada")
    shown = client.http.get(page).text
    assert re.search(rf'href="/sessions/{SESSION}\?hear=(\d)#line-\1"', shown)
    assert "by the river" in shown
    assert "by the river" in client.http.get(f"{NOTE}/approved", headers=HTMX).text


def test_goal__in_other_words__is_asked_for_and_takes_its_links_along(client: WebClient, vault: Vault) -> None:
    client_id, walk = _client_id(vault), _sentence(vault, "walk by the river")
    vault.goals.link(SESSION, walk, WALK, "Ada")
    details = vault.clients.get(client_id).details
    vault.clients.update(client_id, replace(details, goals=f"{SLEEP}\nWalk every day"))
    assert "Not in the plan in these words any more." in client.http.get(f"/clients/{client_id}").text
    form = {"before": WALK, "now": "Walk every day"}
    assert client.http.post(f"/clients/{client_id}/goals/reworded", data=form).status_code == 303
    assert vault.goals.of_session(SESSION) == {walk: ("Walk every day",)}
    assert client.http.post(f"/clients/{client_id}/goals/reworded", data={"now": "none"}).status_code == 404


def test_search__words_of_a_note__are_found_only_while_its_approval_stands(client: WebClient, vault: Vault) -> None:
    Noting(vault).write(SESSION, "Assessment", "Grief rather than quarrel, with Cordula.", (), "Ada")
    indexer, found = Indexer(client.vaults), "In approved notes"
    indexer.look(vault)
    assert found not in client.http.get("/search?q=grief").text
    Review(vault).approve(SESSION, "Ada")
    indexer.look(vault)
    assert found in client.http.get("/search?q=grief").text
    assert found in client.http.get(f"/search?q=grief&client_id={_client_id(vault)}").text
    assert found not in client.http.get("/search?q=grief&until=2020-01-01").text
    Review(vault).unapprove(SESSION, "Ada")
    assert found not in client.http.get("/search?q=grief").text  # before the index has heard of it
    indexer.look(vault)
    assert vault.note_search.stale() == []


def test_version__of_the_note__is_another_with_whatever_it_is_read_over(client: WebClient, vault: Vault) -> None:
    sentence, seen = _sentence(vault, "walk by the river"), {vault.notes.version(SESSION)}
    requests = (
        (f"/sessions/{SESSION}/lines/1/edit", {"text": "I slept four hours."}),
        (f"/sessions/{SESSION}/lines/2/marks/private", {}),
        (f"/sessions/{SESSION}/voices/swap", {}),
        (f"{NOTE}/sentences/{sentence}/edit", {"text": "I went out."}),
        (f"{NOTE}/sentences/{sentence}/goal", {"goal": WALK}),
        (f"{NOTE}/draft", {"note_format": "dap"}),
    )
    for path, form in requests:
        assert client.http.post(path, data=form).status_code == 303, path
        seen.add(vault.notes.version(SESSION))
    assert len(seen) == 1 + len(requests)
    assert f'data-version="{vault.notes.version(SESSION)}"' in client.http.get(NOTE, headers=HTMX).text
