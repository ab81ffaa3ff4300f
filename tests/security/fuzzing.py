"""Cases drawn by machines: the page's own OpenAPI, and the readers of files."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import schemathesis
from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.vaults import PASSPHRASE
from support.web_client import WebClient

from app.box.invitations import Invitations
from app.box.it_account import ItAccount
from app.errors import TacetError
from app.vault.account import list_accounts
from app.vault.keys import CHEAP_COST
from firmware.errors import FirmwareError
from firmware.tape import read_head
from security.page import CANARY, page
from tacet.backup.repository import Repository
from tacet.settings import load_settings

QUIET = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.generate],
}


def api_never_breaks(scale: Scale, told: Progress) -> Figure:
    """Cases from the schema, half of them signed in; a server error or content for nobody is a miss."""
    cases = scale.of(10_000, 150)
    counts = {"asked": 0, "errors": 0, "bypasses": 0}
    with page() as (client, vault), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the drawing's own
        schema = schemathesis.openapi.from_dict(client.app.openapi())
        operations = [found.ok() for found in schema.get_all_operations()]
        operations = [one for one in operations if not one.path.endswith("/events")]
        for signed in (False, True):
            for one in operations:
                told(f"{one.method.upper()} {one.path}")
                token = client.app.state.desk.sign_ins.begin(vault.account.vault_id)[0] if signed else ""
                _draw(client, one, cases // (2 * len(operations)) + 1, token, counts)
                if client.vaults.get(vault.account.vault_id) is None:
                    client.vaults.unlock(vault.account.vault_id, PASSPHRASE)
    words = f"{counts['asked']} cases, {counts['errors']} server errors, {counts['bypasses']} bypasses"
    return Figure(words, not counts["errors"] + counts["bypasses"])


def _draw(client: WebClient, operation: object, cases: int, token: str, counts: dict[str, int]) -> None:
    @settings(max_examples=cases, **QUIET)  # type: ignore[arg-type]
    @given(case=operation.as_strategy())  # type: ignore[attr-defined]
    def ask(case: schemathesis.Case) -> None:
        client.http.cookies.clear()
        if token:
            client.http.cookies.set("__Host-tacet", token)
        sent = case.as_transport_kwargs(base_url="https://tacet.local")
        sent["headers"] = {"sec-fetch-site": "same-origin"}
        allowed = {"method", "url", "params", "data", "json", "headers"}
        answer = client.http.request(**{name: value for name, value in sent.items() if name in allowed})
        counts["asked"] += 1
        counts["errors"] += answer.status_code >= 500
        counts["bypasses"] += not token and CANARY in answer.text

    ask()


def readers_never_break(scale: Scale, told: Progress) -> Figure:
    """Files of any content: refused in a sentence or read, never an error that nobody expected."""
    cases, uncaught = scale.of(3000, 60), 0
    with scratch_folder(in_memory=True) as folder:
        readers: dict[str, tuple[Path, Callable[[], object]]] = {
            "tape head": (folder / "t" / "head", lambda: read_head(folder / "t")),
            "account": (folder / "v" / ("aa" * 16) / "account.json", lambda: list_accounts(folder / "v")),
            "invitations": (folder / "i/invitations.json", lambda: Invitations(folder / "i").role_of("0000-0000")),
            "set-up code": (folder / "i/setup-code", lambda: Invitations(folder / "i").role_of("0000-0000")),
            "clinic IT": (folder / "c/clinic-it.json", lambda: ItAccount(folder / "c", CHEAP_COST).verify("x")),
            "backup": (folder / "b/snapshots/20261126T000000Z.json", lambda: Repository(folder / "b").read()),
            "configuration": (folder / "tacet.toml", lambda: load_settings(folder / "tacet.toml")),
        }
        for name, (path, read) in readers.items():
            told(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            uncaught += _fuzz(path, read, cases)
            path.unlink()
    return Figure(f"{len(readers)} readers x {cases} files, {uncaught} uncaught", not uncaught)


def _fuzz(path: Path, read: Callable[[], object], cases: int) -> int:
    uncaught = [0]
    documents = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())

    @settings(max_examples=cases, **QUIET)  # type: ignore[arg-type]
    @given(content=st.binary(max_size=400) | documents)
    def look(content: bytes) -> None:
        path.write_bytes(content)
        try:
            read()
        except (TacetError, FirmwareError):
            pass
        except Exception:  # noqa: BLE001  that is what is counted
            uncaught[0] += 1

    look()
    return uncaught[0]
