"""The one page without TLS: what it offers, and that everything else leads to the page over TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from starlette.testclient import TestClient

from app.authority import read_authority
from app.settings import AppSettings
from app.tls import ensure_certificate, fingerprint, fingerprint_groups
from app.web.offer import create_offer

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"


@pytest.fixture
def offer(tmp_path: Path) -> Iterator[TestClient]:
    ensure_certificate(tmp_path / "tls", "tacet")
    settings = AppSettings(data_dir=tmp_path, run_dir=tmp_path, port=8443)
    with TestClient(create_offer(settings), "http://tacet.local", follow_redirects=False) as client:
        yield client


def test_offer__opened__shows_the_authoritys_fingerprint_and_the_way_to_the_page(
    offer: TestClient, tmp_path: Path
) -> None:
    authority = read_authority(tmp_path / "tls")
    assert authority is not None
    page = offer.get("/").text
    groups = fingerprint_groups(fingerprint(authority))
    assert "".join(groups) == authority.fingerprint(authority.signature_hash_algorithm).hex().upper()  # type: ignore[arg-type]
    assert all(f"<span>{group}</span>" in page for group in groups)
    assert 'href="https://tacet.local:8443/"' in page


def test_offer__certificate_downloaded__is_the_authoritys_and_holds_no_key(offer: TestClient, tmp_path: Path) -> None:
    answer = offer.get("/tacet.crt")
    assert answer.headers["content-type"] == "application/x-x509-ca-cert"
    assert x509.load_der_x509_certificate(answer.content) == read_authority(tmp_path / "tls")


@pytest.mark.parametrize(
    ("browser", "open_first"),
    [(IPHONE, "iPhone and iPad"), (ANDROID, "Android"), (MAC, "macOS"), ("curl", "Windows")],
    ids=["iphone", "android", "mac", "other"],
)
def test_offer__seen_from_a_system__opens_its_steps(offer: TestClient, browser: str, open_first: str) -> None:
    page = offer.get("/", headers={"user-agent": browser}).text
    opened = page.split("<details open>")[1]
    assert page.count("<details open>") == 1
    assert opened.lstrip().startswith(f"<summary>{open_first}")


@pytest.mark.parametrize(
    "path", ["/signin", "/today", "/static/session.js", "/authority-key.pem", "/static/../tacet.css"]
)
def test_offer__anything_else__leads_to_the_page_over_tls(offer: TestClient, path: str) -> None:
    answer = offer.get(path)
    assert answer.status_code == 307
    assert answer.headers["location"].startswith("https://tacet.local:8443/")


def test_offer__asked_by_a_foreign_name__leads_nowhere(offer: TestClient) -> None:
    assert offer.get("/", headers={"host": "evil.example"}).status_code == 421
    assert offer.post("/signin", data={"passphrase": "x"}).status_code in {403, 405}


def test_offer__clinic_brings_its_own__is_not_made(tmp_path: Path) -> None:
    made = ensure_certificate(tmp_path / "tls", "tacet")
    own = {"certificate": made.cert_path, "certificate_key": made.key_path}
    settings = AppSettings(data_dir=tmp_path, run_dir=tmp_path, **own)
    with TestClient(create_offer(settings), "http://tacet.local", follow_redirects=False) as client:
        assert client.get("/").headers["location"].startswith("https://tacet.local:8443/")
        assert client.get("/tacet.crt").status_code == 307
