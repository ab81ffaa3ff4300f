"""Several therapists and clinic IT on one box: nobody opens what is not theirs."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from support.web_box import PASSPHRASE
from support.web_client import WebClient, web_client
from support.web_sessions import add_session, plain

from app.box.invitations import Role
from app.domain import SessionState
from app.vault.vault import Vault
from app.web.audited import Audited, mapped_routes
from app.web.auto_lock import AutoLock, night_between
from app.web.clinic_it import CLINIC_IT
from app.web.guessing import Guesses

SESSION = "5e" * 16
IT_PASSPHRASE = "seven loud orange kettles"
CANARY = "Martin"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WebClient]:
    with web_client(tmp_path) as client:
        yield client


@pytest.fixture
def ada(client: WebClient) -> Vault:
    vault = client.new_person()
    add_session(vault, client.tapes_dir, plain("Martin was late"), session_id=SESSION, started_at_ms=1)
    return vault


def join(client: WebClient, code: str, name: str = "Jonas Brandt", passphrase: str = PASSPHRASE) -> int:
    form = {"code": code, "name": name, "passphrase": passphrase, "again": passphrase}
    return client.http.post("/join", data=form).status_code


def invite(client: WebClient, role: Role) -> str:
    text = client.http.post("/account/invite", data={"role": role.value}).text
    return text.partition('class="code-alone figures">')[2][:9]


def test_invitation__typed_by_a_colleague__makes_a_vault_of_their_own_once(client: WebClient, ada: Vault) -> None:
    client.sign_in(ada)
    code = invite(client, Role.THERAPIST)
    client.http.cookies.clear()
    assert join(client, code) == 303
    assert {one.name for one in client.vaults.accounts()} == {"Dr. Ada Example", "Jonas Brandt"}
    client.http.cookies.clear()
    assert join(client, code, "Eve") == 422
    assert len(client.vaults.accounts()) == 2


def test_join__with_no_code_or_the_wrong_one__makes_nothing(client: WebClient, ada: Vault) -> None:
    it_code = client.app.state.desk.invitations.invite(Role.CLINIC_IT)
    for code in ("", "0000-0000", it_code, "x" * 5000):
        assert join(client, code) == 422
    assert len(client.vaults.accounts()) == 1


@pytest.mark.parametrize("who", ["a colleague", "clinic IT", "nobody"])
def test_every_clinical_route__asked_by_somebody_else__shows_and_changes_nothing(
    client: WebClient, ada: Vault, who: str
) -> None:
    before = ada.audit.head(), ada.sessions.content(SESSION)
    if who == "a colleague":
        client.sign_in(client.new_person("Jonas Brandt"))
    elif who == "clinic IT":
        client.join_as_it(IT_PASSPHRASE)
    asked = 0
    for route in mapped_routes(client.app):
        if not isinstance(route.says[0], Audited) or route.path.endswith("/events") or "sign-out" in route.path:
            continue
        for method in route.methods:
            path = route.path.replace("{session_id}", SESSION)
            path = path if "{" not in path else "/".join("0" if "{" in part else part for part in path.split("/"))
            answer = client.http.request(method, path)
            assert (path, CANARY in answer.text) == (path, False)
            allowed = answer.status_code in {303, 401} if who != "a colleague" else answer.status_code < 500
            assert (path, method, allowed) == (path, method, True)
            asked += 1
    assert asked >= 18
    assert (ada.audit.head(), ada.sessions.content(SESSION)) == before


def test_clinic_it__signed_in__sees_the_box_and_can_invite(client: WebClient, ada: Vault) -> None:
    client.join_as_it(IT_PASSPHRASE)
    page = client.http.get("/it").text
    assert "Dr. Ada Example" in page
    assert "Storage free" in page
    assert SESSION[:8] not in page
    code = client.http.post("/it/invite").text.partition('class="code-alone figures">')[2][:9]
    client.http.cookies.clear()
    assert join(client, code) == 303


def test_clinic_it__signed_out_or_with_a_wrong_passphrase__sees_nothing(client: WebClient, ada: Vault) -> None:
    client.join_as_it(IT_PASSPHRASE)
    assert client.http.post("/it/sign-out").headers["location"] == "/it/signin"
    assert client.http.get("/it").status_code == 303
    assert client.http.post("/it/signin", data={"passphrase": PASSPHRASE}).status_code == 422
    assert client.http.post("/it/signin", data={"passphrase": IT_PASSPHRASE}).headers["location"] == "/it"


def test_therapist__signed_in__does_not_reach_clinic_its_page(client: WebClient, ada: Vault) -> None:
    client.sign_in(ada)
    assert client.http.get("/it").status_code == 303
    assert client.http.post("/it/invite").status_code == 303


def test_passphrase__changed__opens_the_vault_and_the_old_one_does_not(client: WebClient, ada: Vault) -> None:
    client.sign_in(ada)
    new = "a quite new passphrase"
    for old, first, again, status in (
        ("not mine at all", new, new, 422),
        (PASSPHRASE, new, "something else", 422),
        (PASSPHRASE, "password1234", "password1234", 422),
        (PASSPHRASE, new, new, 200),
    ):
        form = {"old": old, "passphrase": first, "again": again}
        assert client.http.post("/account/passphrase", data=form).status_code == status
    client.http.post("/lock")
    form = {"person": ada.account.vault_id, "passphrase": PASSPHRASE}
    assert client.http.post("/signin", data=form).status_code == 422
    assert client.http.post("/signin", data=form | {"passphrase": new}).headers["location"] == "/today"


def test_recovery_code__typed_for_a_check__is_told_right_from_wrong(client: WebClient, tmp_path: Path) -> None:
    vault, code = client.vaults.create("Ada", PASSPHRASE)
    client.sign_in(vault)
    assert "This is your code" in client.http.post("/account/recovery-code", data={"code": code.lower()}).text
    assert client.http.post("/account/recovery-code", data={"code": code[::-1]}).status_code == 422
    assert client.http.post("/account/recovery-code").status_code == 422


def test_sign_out__of_all_others__ends_them_and_leaves_the_vault_open(client: WebClient, ada: Vault) -> None:
    desk = client.app.state.desk
    token, other = desk.sign_ins.begin(ada.account.vault_id)
    client.sign_in(ada)
    assert "Sign out everywhere else" in client.http.get("/account").text
    client.http.post("/account/sign-out-others")
    assert other.ended.is_set()
    assert desk.sign_ins.find(token) is None
    assert client.http.get("/today").status_code == 200
    assert client.http.post("/account/sign-out").headers["location"] == "/signin?why=out"
    assert client.http.get("/today").status_code == 303
    assert client.vaults.get(ada.account.vault_id) is ada


def test_wrong_passphrases__after_a_few__have_to_wait_and_a_known_browser_does_not(
    client: WebClient, ada: Vault
) -> None:
    client.sign_in(ada)
    known = dict(client.http.cookies)
    client.http.cookies.clear()
    form = {"person": ada.account.vault_id, "passphrase": "wrong one"}
    assert [client.http.post("/signin", data=form).status_code for _ in range(6)] == [422] * 4 + [429] * 2
    refused = client.http.post("/signin", data=form | {"passphrase": PASSPHRASE})
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    client.http.cookies.update(known)
    client.http.cookies.delete("__Host-tacet")
    right = client.http.post("/signin", data=form | {"passphrase": PASSPHRASE})
    assert right.headers["location"] == "/today"


def wrong_answers(client: WebClient, person: str, address: str = "/signin") -> list[int]:
    form = {"person": person, "passphrase": "wrong one", "code": "wrong", "again": "wrong one"}
    return [client.http.post(address, data=form).status_code for _ in range(6)]


def test_unknown_account__guessed_at__is_answered_like_a_known_one(client: WebClient, ada: Vault) -> None:
    assert wrong_answers(client, ada.account.vault_id) == wrong_answers(client, "0" * 32)


def stop_the_clock(client: WebClient) -> None:
    object.__setattr__(client.app.state.desk, "guesses", Guesses(lambda: 0.0))


def test_accounts_that_were_made_up__guessed_at__share_one_wait(client: WebClient, ada: Vault) -> None:
    """Each with a wait of its own would buy Argon2, and lines in the box's events, without end."""
    stop_the_clock(client)
    assert wrong_answers(client, "0" * 32)[5] == 429
    events = client.record.audit.head().events
    for number in range(4):
        assert wrong_answers(client, f"{number:032x}") == [429] * 6
        assert wrong_answers(client, f"{number:032x}", "/signin/lost-passphrase")[5] == 429
    assert client.record.audit.head().events == events + 4  # the free tries at a recovery code


def test_recovery_code__guessed_at__is_slowed_down_and_the_owner_is_not(client: WebClient) -> None:
    stop_the_clock(client)
    vault, code = client.vaults.create("Jonas", PASSPHRASE)
    vault_id = vault.account.vault_id
    client.sign_in(vault)
    known = dict(client.http.cookies)
    client.http.cookies.clear()
    assert wrong_answers(client, vault_id, "/signin/lost-passphrase") == [422] * 4 + [429] * 2
    client.http.cookies.update(known)
    client.http.cookies.delete("__Host-tacet")
    form = {"person": vault_id, "code": code, "passphrase": IT_PASSPHRASE, "again": IT_PASSPHRASE}
    assert client.http.post("/signin/lost-passphrase", data=form).headers["location"] == "/today"


def night(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 26, hour, minute).astimezone()


def test_night_between__only_the_look_that_passes_the_hour__locks() -> None:
    at = night(3).time()
    assert not night_between(night(2, 58), night(2, 59), at)
    assert night_between(night(2, 59), night(3), at)
    assert not night_between(night(3), night(3, 1), at)
    assert night_between(night(1), night(20), at)  # the box slept, or its clock was set


@pytest.mark.anyio
async def test_auto_lock__at_night_or_when_nobody_is_there__locks_but_not_in_the_middle_of_work(
    client: WebClient, ada: Vault, anyio_backend: str
) -> None:
    desk, now = client.app.state.desk, [night(14)]
    locking = AutoLock(desk, lambda: now[0])
    token, sign_in = desk.sign_ins.begin(ada.account.vault_id)
    await locking.look()
    assert client.vaults.get(ada.account.vault_id) is ada  # somebody is there

    desk.sign_ins._seen_s[ada.account.vault_id] -= desk.settings.lock_after_idle_min * 60
    ada.sessions.set_state(SESSION, SessionState.TRANSCRIBING)
    await locking.look()
    assert client.vaults.get(ada.account.vault_id) is ada  # there is work left

    ada.sessions.set_state(SESSION, SessionState.DRAFTED)
    await locking.look()
    assert client.vaults.get(ada.account.vault_id) is None
    assert sign_in.ended.is_set()

    again = client.vaults.unlock(ada.account.vault_id, PASSPHRASE)
    desk.sign_ins.begin(ada.account.vault_id)
    assert again.audit.latest(1)[0].actor == "box"
    now[0] = night(23)
    await locking.look()
    assert client.vaults.get(ada.account.vault_id) is again
    now[0] = datetime(2026, 11, 27, 3, 1).astimezone()
    await locking.look()
    assert client.vaults.get(ada.account.vault_id) is None
    assert desk.sign_ins.find(token) is None
    assert desk.sign_ins.count(CLINIC_IT) == 0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
