"""Every route against every kind of asker and of foreign request. Drawn from the routes, never from a list."""

from faults.promise import Figure, Progress, Scale
from support.web_client import WebClient

from app.box.invitations import Role
from app.web.audited import Audited
from app.web.shield import HEADERS, SAFE_METHODS
from security.page import CANARY, SESSION, every_route, is_stream, page

FOREIGN_REQUESTS: tuple[dict[str, str], ...] = (
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "origin": "https://other.local"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": "", "origin": "https://evil.example"},
    {"sec-fetch-site": "cross-site", "origin": "https://tacet.local"},
    {"sec-fetch-site": "cross-site", "hx-request": "true"},
)
FOREIGN_HOSTS = ("evil.example", "tacet.local.evil.example", "10.9.8.7", "[fd00::dead]", "tacet.local@evil.example", "")
IT_PASSPHRASE = "seven loud orange kettles"


def audit_is_complete(_: Scale, _told: Progress) -> Figure:
    with page() as (client, vault):
        routes = [one for one in every_route(client) if isinstance(one.route.says[0], Audited) and not is_stream(one)]
        wrong = []
        for one in routes:
            client.sign_in(vault)
            before = vault.audit.head().events
            client.http.request(one.method, one.address)
            if vault.audit.head().events != before + 1:
                wrong.append(one.address)
        mapped = len(every_route(client))
    return Figure(f"{mapped} routes mapped, {len(routes)} clinical asked, {len(wrong)} without one event", not wrong)


def routes_by_role(_: Scale, _told: Progress) -> Figure:
    asked = shown = broken = 0
    for role in ("nobody", "colleague", "clinic IT"):
        with page() as (client, vault):
            before = vault.audit.head(), vault.sessions.content(SESSION)
            for one in every_route(client):
                if is_stream(one) and role != "nobody":
                    continue
                _become(client, role)
                answer = client.http.request(one.method, one.address)
                asked += 1
                shown += CANARY in answer.text
                broken += answer.status_code >= 500
            changed = (vault.audit.head(), vault.sessions.content(SESSION)) != before
            broken += changed
    return Figure(f"{asked} cells, {shown} showed content, {broken} changed or broke something", not shown + broken)


def _become(client: WebClient, role: str) -> None:
    client.http.cookies.clear()
    desk = client.app.state.desk
    if role == "colleague":
        others = [one for one in client.vaults.accounts() if one.name == "Jonas Brandt"]
        vault_id = others[0].vault_id if others else client.new_person("Jonas Brandt").account.vault_id
        if client.vaults.get(vault_id) is None:
            client.vaults.unlock(vault_id, "slow green river stone")
        token, _ = desk.sign_ins.begin(vault_id)
    elif role == "clinic IT":
        desk.invitations.invite(Role.CLINIC_IT)
        token, _ = desk.sign_ins.begin("clinic-it")
    else:
        return
    client.http.cookies.set("__Host-tacet", token)


def foreign_requests(_: Scale, _told: Progress) -> Figure:
    asked = passed = 0
    with page() as (client, vault):
        client.sign_in(vault)
        before = vault.audit.head()
        for one in every_route(client):
            if one.method in SAFE_METHODS:
                continue
            for headers in FOREIGN_REQUESTS:
                asked += 1
                passed += client.http.request(one.method, one.address, headers=headers).status_code != 403
        changed = vault.audit.head() != before
    return Figure(f"{asked} requests, {passed} let through", not passed and not changed)


def foreign_hosts(_: Scale, _told: Progress) -> Figure:
    asked = passed = 0
    with page() as (client, vault):
        client.sign_in(vault)
        for one in every_route(client):
            for host in FOREIGN_HOSTS:
                asked += 1
                passed += client.http.request(one.method, one.address, headers={"host": host}).status_code != 421
    return Figure(f"{asked} requests, {passed} let through", not passed)


def headers(_: Scale, _told: Progress) -> Figure:
    asked, missing = 0, []
    with page() as (client, vault):
        for one in every_route(client):
            if is_stream(one):
                client.http.cookies.clear()
            else:
                client.sign_in(vault)
            found = client.http.request(one.method, one.address).headers
            asked += 1
            public = one.address.startswith("/assets/")
            right = all(found.get(name) == value for name, value in HEADERS.items())
            if not right or found.get("cache-control") != ("no-cache" if public else "no-store"):
                missing.append(one.address)
    return Figure(f"{asked} answers, {len(missing)} without them all", not missing)
