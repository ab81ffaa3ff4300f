"""A sign-in that asks for more than the passphrase, and what it lets nobody do."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pyotp
import pytest
from support.web_box import PASSPHRASE
from support.web_client import WebClient, web_client

from app.one_time_codes import STEP_S, new_secret, qr_code, step_of
from app.vault.second_step import SECOND_STEP_FILE, SecondStep
from app.vault.vault import Vault
from app.web.half_way import COOKIE as HALF_WAY_COOKIE
from app.web.half_way import HOLDS_S, MOST_TRIES, HalfWay, HalfWays
from app.web.sign_ins import COOKIE

# RFC 6238, appendix B, SHA-1, the last six digits: "12345678901234567890" in Base32.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_CODES = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WebClient]:
    with web_client(tmp_path) as client:
        yield client


@pytest.fixture
def ada(client: WebClient) -> Vault:
    return client.new_person()


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def codes_on(client: WebClient, vault: Vault) -> str:
    """As on the page; gives the secret, and leaves nobody signed in."""
    client.sign_in(vault)
    page = client.http.post("/account/second-step/codes", data={"passphrase": PASSPHRASE}).text
    secret = re.search(r'class="figures secret">([A-Z2-7 ]+)<', page)[1].replace(" ", "")  # type: ignore[index]
    done = client.http.post("/account/second-step/codes/confirm", data={"code": pyotp.TOTP(secret).now()})
    assert "From the next sign-in on" in done.text
    client.http.post("/lock")
    client.http.cookies.clear()
    return secret


def passphrase_alone(client: WebClient, vault: Vault) -> str:
    """Where the right passphrase leads."""
    form = {"person": vault.account.vault_id, "passphrase": PASSPHRASE}
    return client.http.post("/signin", data=form).headers["location"]


def next_code(secret: str) -> str:
    """The one after the code that switched it on, which counts already for a clock a little behind."""
    return pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=STEP_S))


@pytest.mark.parametrize(("second", "code"), RFC_CODES)
def test_step_of__codes_of_the_rfc__belong_to_their_step_once(second: int, code: str) -> None:
    assert step_of(RFC_SECRET, code, at(second)) == second // STEP_S
    assert step_of(RFC_SECRET, f"{code[:3]} {code[3:]}", at(second)) == second // STEP_S
    assert step_of(RFC_SECRET, code, at(second), later_than=second // STEP_S) is None


@pytest.mark.parametrize(
    ("off_s", "fits"), [(-STEP_S, True), (STEP_S, True), (-2 * STEP_S, False), (2 * STEP_S, False)]
)
def test_step_of__clock_off__forgives_half_a_minute(off_s: int, fits: bool) -> None:  # noqa: FBT001  parametrized
    assert (step_of(RFC_SECRET, "005924", at(1234567890 + off_s)) is not None) == fits


def test_qr_code__drawn__needs_no_style_and_no_script() -> None:
    drawn = qr_code(new_secret(), "Dr. Ada Example")
    assert drawn.startswith("<svg")
    assert "style" not in drawn
    assert "<script" not in drawn


def test_codes__switched_on__open_the_vault_only_with_both(client: WebClient, ada: Vault) -> None:
    secret = codes_on(client, ada)
    assert passphrase_alone(client, ada) == "/signin/second"
    assert client.vaults.get(ada.account.vault_id) is None
    assert client.http.get("/today").headers["location"].startswith("/signin")
    assert client.http.post("/signin/second", data={"code": "000000"}).status_code == 422
    assert client.vaults.get(ada.account.vault_id) is None
    assert client.http.post("/signin/second", data={"code": next_code(secret)}).headers["location"] == "/today"
    assert client.http.get("/today").status_code == 200


def test_codes__the_same_code_again__counts_once(client: WebClient, ada: Vault) -> None:
    """Also in a sign-in that was half way already when its owner used the code."""
    secret = codes_on(client, ada)
    code = next_code(secret)
    waiting = client.app.state.desk.half_ways
    earlier = HalfWay(client.vaults.prove(ada.account.vault_id, PASSPHRASE), waiting._clock())
    passphrase_alone(client, ada)
    assert client.http.post("/signin/second", data={"code": code}).status_code == 303
    client.http.cookies.clear()
    waiting._by_digest[sha256(b"of somebody who looked on").digest()] = earlier
    client.http.cookies.set(HALF_WAY_COOKIE, "of somebody who looked on")
    assert client.http.post("/signin/second", data={"code": code}).status_code == 422


def test_second_step__wrong_a_few_times__begins_again_with_the_passphrase(client: WebClient, ada: Vault) -> None:
    codes_on(client, ada)
    passphrase_alone(client, ada)
    client.app.state.desk.guesses._begin = lambda _: None  # the wait between tries has tests of its own
    answers = [client.http.post("/signin/second", data={"code": "000000"}) for _ in range(MOST_TRIES + 1)]
    assert [one.status_code for one in answers] == [422] * (MOST_TRIES - 1) + [303, 303]
    assert answers[-1].headers["location"] == "/signin?why=half-way"
    assert "tried too often" in client.http.get(answers[-1].headers["location"]).text


def test_second_step__guessed_without_end__is_slowed_down(client: WebClient, ada: Vault) -> None:
    codes_on(client, ada)
    found = set()
    for _ in range(10):
        passphrase_alone(client, ada)
        found.add(client.http.post("/signin/second", data={"code": "000000"}).status_code)
    assert 429 in found


def test_half_way__nobody_finishes__drops_the_keys(client: WebClient, ada: Vault) -> None:
    now_s = [0.0]
    halves = HalfWays(lambda: now_s[0])
    token = halves.begin(client.vaults.prove(ada.account.vault_id, PASSPHRASE))
    assert halves.find(token)
    now_s[0] = HOLDS_S
    halves.drop_old()
    assert halves._by_digest == {}
    assert halves.find(token) is None


def test_second_step__phone_lost__recovery_code_lets_in_and_switches_it_off(client: WebClient, tmp_path: Path) -> None:
    vault, recovery = client.vaults.create("Jonas Brandt", PASSPHRASE)
    codes_on(client, vault)
    passphrase_alone(client, vault)
    assert client.http.post("/signin/second/recovery", data={"code": "wrong"}).status_code == 422
    assert client.http.post("/signin/second/recovery", data={"code": recovery}).headers["location"] == "/today"
    assert not (tmp_path / "vaults" / vault.account.vault_id / SECOND_STEP_FILE).exists()
    client.http.cookies.clear()
    assert passphrase_alone(client, vault) == "/today"


def test_second_step__passphrase_lost_as_well__recovery_leaves_neither(client: WebClient) -> None:
    vault, recovery = client.vaults.create("Jonas Brandt", PASSPHRASE)
    codes_on(client, vault)
    new = "seven loud orange kettles"
    form = {"person": vault.account.vault_id, "code": recovery, "passphrase": new, "again": new}
    assert client.http.post("/signin/lost-passphrase", data=form).headers["location"] == "/today"
    assert not client.vaults.prove(vault.account.vault_id, new).second_step().asked


def test_second_step__what_is_kept_is_damaged__asks_for_the_recovery_code_alone(
    client: WebClient, ada: Vault, tmp_path: Path
) -> None:
    codes_on(client, ada)
    kept = tmp_path / "vaults" / ada.account.vault_id / SECOND_STEP_FILE
    kept.write_bytes(kept.read_bytes()[:-1])
    assert passphrase_alone(client, ada) == "/signin/second"
    page = client.http.get("/signin/second").text
    assert "is damaged" in page
    assert 'name="code" class="figures" inputmode' not in page


def test_second_step__on_the_disk__holds_no_secret_in_clear(client: WebClient, ada: Vault, tmp_path: Path) -> None:
    secret = codes_on(client, ada)
    kept = (tmp_path / "vaults" / ada.account.vault_id / SECOND_STEP_FILE).read_bytes()
    assert secret.encode() not in kept


def test_remove__with_a_wrong_passphrase__changes_nothing(client: WebClient, ada: Vault) -> None:
    codes_on(client, ada)
    vault = client.vaults.unlock(ada.account.vault_id, PASSPHRASE)
    vault.keep_second_step(SecondStep())  # so that the sign-in below asks for one step
    client.sign_in(vault)
    vault.keep_second_step(SecondStep(secret=RFC_SECRET))
    form = {"what": "codes", "passphrase": "not this one at all"}
    assert client.http.post("/account/second-step/remove", data=form).status_code == 422
    assert vault.second_step().secret == RFC_SECRET
    form["passphrase"] = PASSPHRASE
    assert client.http.post("/account/second-step/remove", data=form).status_code == 200
    assert vault.second_step().secret is None


@pytest.mark.parametrize("answer", ["", "{}", "[]", '{"id": "AA", "rawId": "AA", "response": {}}', "[" * 5000])
def test_passkey__answer_is_nonsense__is_refused_in_a_sentence(client: WebClient, ada: Vault, answer: str) -> None:
    client.sign_in(ada)
    page = client.http.post("/account/second-step/passkeys/begin", data={"passphrase": PASSPHRASE})
    assert "data-question" in page.text
    refused = client.http.post("/account/second-step/passkeys", data={"answer": answer, "name": "x"})
    assert refused.status_code == 422
    assert not ada.second_step().asked


@pytest.mark.parametrize("passphrase", ["", "not this one at all"])
@pytest.mark.parametrize("what", ["codes", "passkeys/begin"])
def test_second_step__begun_at_an_open_browser__takes_the_passphrase(
    client: WebClient, ada: Vault, what: str, passphrase: str
) -> None:
    client.sign_in(ada)
    sign_in = client.app.state.desk.sign_ins.find(client.http.cookies[COOKIE])
    refused = client.http.post(f"/account/second-step/{what}", data={"passphrase": passphrase})
    assert refused.status_code == 422
    assert "That is not your passphrase" in refused.text
    assert "data-question" not in refused.text
    assert "data-question" not in client.http.get("/account/second-step").text
    assert (sign_in.question, sign_in.new_secret) == (None, None)


def test_passkey__by_an_address__is_not_asked_for(client: WebClient, ada: Vault) -> None:
    client.sign_in(ada)
    page = client.http.post(
        "/account/second-step/passkeys/begin", data={"passphrase": PASSPHRASE}, headers={"host": "127.0.0.1"}
    )
    assert page.status_code == 200
    assert "data-question" not in page.text


def test_codes__replaced_at_an_open_browser__take_the_passphrase(client: WebClient, ada: Vault) -> None:
    secret = codes_on(client, ada)
    passphrase_alone(client, ada)
    client.http.post("/signin/second", data={"code": next_code(secret)})
    refused = client.http.post("/account/second-step/codes")
    assert refused.status_code == 422
    assert "secret" not in refused.text
    assert client.http.post("/account/second-step/codes/confirm", data={"code": "123456"}).status_code == 303
    assert (
        'class="figures secret"' in client.http.post("/account/second-step/codes", data={"passphrase": PASSPHRASE}).text
    )
    standing = client.vaults.get(ada.account.vault_id)
    assert standing is not None
    assert standing.second_step().secret == secret  # until a code of the new one was shown
