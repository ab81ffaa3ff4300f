"""Cases drawn by machines: the page's own OpenAPI, and the readers of files."""

import warnings
from collections.abc import Callable
from itertools import count

import schemathesis
from faults.promise import Figure, Progress, Scale
from hypothesis import HealthCheck, Phase, given, seed, settings
from support.vaults import PASSPHRASE
from support.web_client import WebClient

from security.page import CANARY, SESSION, page
from security.readers import Count, all_readers, fuzz

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
        for number in count():
            if counts["asked"] >= cases:
                break
            signed, more = bool(number % 2), cases // (2 * len(operations)) + 1
            for one in operations:
                told(f"{counts['asked']} cases, {one.method.upper()} {one.path}")
                token = client.app.state.desk.sign_ins.begin(vault.account.vault_id)[0] if signed else ""
                ask = settings(max_examples=more, **QUIET)(_asked(client, one, token, counts))  # type: ignore[arg-type]
                seed(number)(ask)()
                if client.vaults.get(vault.account.vault_id) is None:
                    client.vaults.unlock(vault.account.vault_id, PASSPHRASE)
    words = f"{counts['asked']} cases, {counts['errors']} server errors, {counts['bypasses']} bypasses"
    return Figure(words, not counts["errors"] + counts["bypasses"])


def _asked(client: WebClient, operation: object, token: str, counts: dict[str, int]) -> Callable[[], None]:
    """Half of the cases ask about the session that is there, or they would hardly get further than its id."""

    @given(case=operation.as_strategy())  # type: ignore[attr-defined]
    def ask(case: schemathesis.Case) -> None:
        if counts["asked"] % 2 and "session_id" in (case.path_parameters or {}):
            case.path_parameters = {**case.path_parameters, "session_id": SESSION}
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

    return ask


def readers_never_break(scale: Scale, told: Progress) -> Figure:
    """Files that are almost right are refused in a sentence or read. `tests.security.readers` goes on for an hour."""
    files = scale.of(3000, 20)
    with all_readers() as readers:
        counts = {reader.name: Count() for reader in readers}
        for reader in readers:
            told(reader.name)
            fuzz(reader, files, counts[reader.name])
    uncaught = sum(one.uncaught for one in counts.values())
    return Figure(f"{len(counts)} readers x {files} files, {uncaught} uncaught", not uncaught)
