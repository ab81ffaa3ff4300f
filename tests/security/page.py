"""A page with one therapist and one session, and every route of it with an address to ask."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from faults.scratch import scratch_folder
from support.web_client import WebClient, web_client
from support.web_sessions import add_session, plain

from app.vault.vault import Vault
from app.web.audited import Mapped, mapped_routes

SESSION = "5e" * 16
CANARY = "heronwingquillfeather"  # one word: the page puts each into an element of its own


@dataclass(frozen=True)
class Asked:
    route: Mapped
    method: str
    address: str


@contextmanager
def page() -> Iterator[tuple[WebClient, Vault]]:
    with scratch_folder(in_memory=True) as folder, web_client(folder) as client:
        vault = client.new_person()
        add_session(vault, client.tapes_dir, plain(f"The {CANARY}", "Second"), session_id=SESSION, started_at_ms=1)
        yield client, vault


def every_route(client: WebClient) -> list[Asked]:
    """What does not end by itself (event streams) is left out where somebody is signed in."""
    asked = []
    for route in mapped_routes(client.app):
        path = "/".join(
            SESSION if part == "{session_id}" else "0" if "{" in part else part for part in route.path.split("/")
        )
        if path == "/events":
            path += "?signed=true"  # the box's own strip goes on for everybody, and never ends
        asked += [Asked(route, method, path or "/") for method in sorted(route.methods - {"HEAD"})]
    return asked


def is_stream(asked: Asked) -> bool:
    return asked.address.partition("?")[0].endswith("/events") and "account" not in asked.address
