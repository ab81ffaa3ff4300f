"""Clinic IT's one-time codes: asked for besides the passphrase, once each, and changed by whoever knows it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from support.web_client import WebClient, web_client

from app.box.it_account import ItAccount, NotProven
from app.errors import TacetError
from app.one_time_codes import STEP_S
from app.vault.keys import CHEAP_COST

PASSPHRASE = "seven loud orange kettles"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WebClient]:
    with web_client(tmp_path) as client:
        client.new_person()
        client.join_as_it(PASSPHRASE)
        yield client


def codes_on(client: WebClient) -> str:
    page = client.http.post("/it/second-step/begin").text
    secret = re.search(r'class="figures secret">([A-Z2-7 ]+)<', page)[1].replace(" ", "")  # type: ignore[index]
    form = {"passphrase": PASSPHRASE, "code": pyotp.TOTP(secret).now()}
    assert "From the next sign-in on" in client.http.post("/it/second-step/on", data=form).text
    client.http.post("/it/sign-out")
    return secret


def sign_in(client: WebClient, code: str) -> int:
    return client.http.post("/it/signin", data={"passphrase": PASSPHRASE, "code": code}).status_code


def test_it_codes__switched_on__are_asked_for_and_count_once(client: WebClient) -> None:
    assert "authenticator" not in client.http.get("/it/signin").text
    secret = codes_on(client)
    assert "authenticator" in client.http.get("/it/signin").text
    code = pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=STEP_S))
    assert sign_in(client, "") == 422
    assert sign_in(client, code) == 303
    client.http.post("/it/sign-out")
    assert sign_in(client, code) == 422


def test_it_codes__changed_without_the_passphrase__stay_as_they_are(client: WebClient) -> None:
    codes_on(client)
    account = client.app.state.desk.it_account
    token, _ = client.app.state.desk.sign_ins.begin("clinic-it")
    client.http.cookies.set("__Host-tacet", token)
    assert client.http.post("/it/second-step/off", data={"passphrase": "not this one"}).status_code == 422
    client.http.post("/it/second-step/begin")
    form = {"passphrase": "not this one", "code": "123456"}
    assert client.http.post("/it/second-step/on", data=form).status_code == 422
    assert account.asks_for_code
    assert client.http.post("/it/second-step/off", data={"passphrase": PASSPHRASE}).status_code == 200
    assert not account.asks_for_code


def test_it_codes__phone_lost__a_new_invitation_makes_the_account_anew(client: WebClient) -> None:
    codes_on(client)
    client.join_as_it(PASSPHRASE)
    client.http.post("/it/sign-out")
    assert sign_in(client, "") == 303


def test_it_codes__on_the_disk__hold_no_secret_in_clear(tmp_path: Path) -> None:
    account = ItAccount(tmp_path, CHEAP_COST)
    account.set_passphrase(PASSPHRASE)
    account.switch_codes_on(PASSPHRASE, SECRET, pyotp.TOTP(SECRET).at(NOW), NOW)
    assert not any(SECRET.encode() in path.read_bytes() for path in tmp_path.iterdir())
    with pytest.raises(NotProven):
        account.sign_in(PASSPHRASE, pyotp.TOTP(SECRET).at(NOW), NOW)  # it counted when it was switched on
    later = NOW + timedelta(minutes=2)
    account.sign_in(PASSPHRASE, pyotp.TOTP(SECRET).at(later), later)


def test_it_sign_in__in_a_browser_that_it_has_used__is_heard_while_a_stranger_guesses(client: WebClient) -> None:
    client.http.post("/it/sign-out")
    known = dict(client.http.cookies)
    client.http.cookies.clear()
    for _ in range(6):
        client.http.post("/it/signin", data={"passphrase": "not this one"})
    client.http.cookies.update(known)
    assert sign_in(client, "") == 303


def test_it_account__asked_whether_codes_are_on__reads_its_file_once_and_follows_each_change(tmp_path: Path) -> None:
    account = ItAccount(tmp_path, CHEAP_COST)
    assert not account.asks_for_code
    account.set_passphrase(PASSPHRASE)
    account.switch_codes_on(PASSPHRASE, SECRET, pyotp.TOTP(SECRET).at(NOW), NOW)
    started_anew = ItAccount(tmp_path, CHEAP_COST)
    assert started_anew.asks_for_code
    next(tmp_path.iterdir()).write_bytes(b"{}")
    assert account.asks_for_code
    assert started_anew.asks_for_code
    with pytest.raises(TacetError, match="cannot be read"):
        _ = ItAccount(tmp_path, CHEAP_COST).asks_for_code
    account.set_passphrase(PASSPHRASE)
    assert not account.asks_for_code
