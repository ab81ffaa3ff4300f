import logging
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.datastructures import Headers
from support.web_client import WebClient, web_client

from app.web.shield import MAX_BODY_BYTES, is_foreign


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WebClient]:
    with web_client(tmp_path) as client:
        yield client


OWN = "https://tacet.local"


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, False),
        ({"sec-fetch-site": "same-site", "origin": OWN}, True),
        ({"sec-fetch-site": "cross-site", "origin": OWN}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"origin": OWN}, False),
        ({"origin": "https://tacet.local:8443"}, True),
        ({"origin": "https://elsewhere.example"}, True),
        ({"origin": "null"}, True),
        ({}, True),
    ],
)
def test_is_foreign__matrix(headers: dict[str, str], foreign: bool) -> None:  # noqa: FBT001  a table
    assert is_foreign(Headers({"host": "tacet.local"} | headers)) is foreign


def unsafe_routes(client: WebClient) -> list[str]:
    paths = client.http.app.openapi()["paths"]  # type: ignore[attr-defined]
    return [path for path, methods in paths.items() if set(methods) & {"post", "put", "patch", "delete"}]


def test_unsafe_routes__foreign_request__all_refused_before_anything_happens(client: WebClient) -> None:
    vault = client.new_person()
    client.sign_in(vault)
    routes = unsafe_routes(client)
    assert len(routes) >= 11
    for path in routes:
        address = path.format_map(defaultdict(lambda: "0" * 32, seq="0", kind="context", mark_id="1", start_ms="0"))
        answer = client.http.post(address, headers={"sec-fetch-site": "cross-site"})
        assert (path, answer.status_code) == (path, 403)
        assert "outside this box" in answer.text
    assert client.vaults.get(vault.account.vault_id) is vault


def test_every_answer__carries_the_headers(client: WebClient) -> None:
    for address in ("/setup", "/trust", "/nowhere", "/static/tacet.css", "/assets/htmx.js", "/sessions.json"):
        headers = client.http.get(address).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        kept = "/static/" in address or "/assets/" in address
        assert headers["cache-control"] == ("no-cache" if kept else "no-store")


def test_long_body__is_refused_unread(client: WebClient) -> None:
    answer = client.http.post("/signin", data={"passphrase": "x" * MAX_BODY_BYTES})
    assert answer.status_code == 413
    endless = client.http.post("/signin", content=iter([b"passphrase=", b"x"]))
    assert endless.status_code == 413


def test_fault__becomes_a_page_and_a_log_line_without_the_message(
    client: WebClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("what Martin said about his sister")

    monkeypatch.setattr(client.vaults, "accounts", fail)
    with caplog.at_level(logging.DEBUG):
        answer = client.http.get("/signin")
    assert answer.status_code == 500
    assert "Something went wrong in the box" in answer.text
    assert "Martin" not in answer.text + caplog.text
    assert "Traceback" not in answer.text + caplog.text
    (line,) = [record.getMessage() for record in caplog.records if record.name == "app.web.shield"]
    assert line.startswith("GET /signin failed: RuntimeError at test_web_shield.py:")
    assert line[-5:-1] in answer.text  # the reference finds the line


def test_pages__for_what_is_not_there__are_in_plain_words(client: WebClient) -> None:
    client.new_person()
    assert "Nothing is here" in client.http.get("/nowhere").text
    assert client.http.get("/nowhere").status_code == 404
    assert client.http.get("/lock").status_code == 405
    assert "That does not work here" in client.http.get("/lock").text


def test_asset__not_listed__is_not_served(client: WebClient) -> None:
    for name in ("package.json", "..%2fpackage.json", "htmx.org", "%2e%2e/package.json"):
        assert client.http.get(f"/assets/{name}").status_code == 404
    assert client.http.get("/static/../desk.py").status_code == 404
    assert client.http.get("/static/%2e%2e/desk.py").status_code == 404
