import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tacet.simulator.page import Surroundings, create_app
from tacet.simulator.stage import Stage

PORT = 8480
OWN = f"http://127.0.0.1:{PORT}"
PRESS = "/hands/somebody/press"
LET_THROUGH = 409  # there is no such hand, but the request reached the button


@pytest.fixture
def page(tmp_path: Path) -> TestClient:
    around = Surroundings(PORT, 'https://box/?a=1&b="', "A <b>quiet</b> room.")
    return TestClient(create_app(tmp_path, around, Stage()), base_url=OWN)


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}"])
def test_press__from_our_own_page__reaches_the_button(page: TestClient, host: str) -> None:
    answer = page.post(PRESS, headers={"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == LET_THROUGH


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.example",
        f"https://127.0.0.1:{PORT}",
        "http://127.0.0.1:8481",
        "http://localhost:8480",
    ],
)
@pytest.mark.parametrize("path", [PRESS, "/hands/somebody/release"])
def test_button__another_origin_or_none__is_refused(page: TestClient, path: str, origin: str | None) -> None:
    answer = page.post(path, headers={"Origin": origin} if origin else {})
    assert answer.status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_button__browser_says_that_another_site_asks__is_refused(page: TestClient, site: str) -> None:
    assert page.post(PRESS, headers={"Origin": OWN, "Sec-Fetch-Site": site}).status_code == 403


@pytest.mark.parametrize("path", ["/events", "/static/box.js"])
def test_files_and_events__asked_for_by_another_site__are_refused(page: TestClient, path: str) -> None:
    assert page.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_picture__followed_from_a_link_on_another_site__opens(page: TestClient) -> None:
    assert page.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1.evil.example:{PORT}"]
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/events"), ("POST", PRESS)])
def test_any_request__for_another_host__is_refused(page: TestClient, method: str, path: str, host: str) -> None:
    answer = page.request(method, path, headers={"Host": host, "Origin": f"http://{host}"})
    assert answer.status_code == 421


@pytest.mark.parametrize("path", ["/", "/static/box.css", "/nothing"])
def test_every_answer__carries_the_policy(page: TestClient, path: str) -> None:
    headers = page.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


def test_picture__holds_no_script_style_or_address_that_the_policy_would_refuse(page: TestClient) -> None:
    html = page.get("/").text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=\"/static/)", html)
    assert re.findall(r'(?:src|href)="(?!/static/|https://box/)([^"]*)"', html) == []


def test_picture__what_it_was_told_of_its_surroundings__is_text(page: TestClient) -> None:
    html = page.get("/").text
    assert "A &lt;b&gt;quiet&lt;/b&gt; room." in html
    assert 'href="https://box/?a=1&amp;b=&quot;"' in html
