"""A real app process is used as a therapist would, ended or killed, and what it left behind is searched."""

import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from faults.at_rest import recent_files
from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from support.canary import files_with_canary, forms_of
from support.ports import free_port
from support.waiting import wait_until
from support.web_sessions import add_session, plain

from app.domain import SessionState
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vaults
from security.page import SESSION

# Drawn anew each time: this file, and copies of it, may lie in /tmp.
HEARD, TYPED, TITLE = (f"heronwing{secrets.token_hex(8)}" for _ in range(3))
PASSPHRASE = f"slow green river {secrets.token_hex(8)}"
NEEDLES = (HEARD, TYPED, TITLE, PASSPHRASE)
CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:one@test\r\n"
    f"DTSTART:20261126T090000Z\r\nDTEND:20261126T095000Z\r\nSUMMARY:{TITLE}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def nothing_in_clear_after_use(scale: Scale, told: Progress) -> Figure:
    """Read, heard, edited, searched, exported in every form, imported; then ended, or killed in the middle of it."""
    hits: list[str] = []
    files = 0
    for ending in (signal.SIGTERM, signal.SIGKILL) * scale.of(3, 1):
        told(ending.name)
        began_s = time.time()
        with scratch_folder() as folder:
            said = _use(folder, ending)
            hits += [f"what it said: {one}" for one in NEEDLES if _holds(said, one)]
            for needle in NEEDLES:
                hits += [path.name for path in files_with_canary(folder, needle.encode())]
            elsewhere = [path for path in recent_files(began_s) if folder not in path.parents]
            hits += [str(path) for path in elsewhere if any(_holds(_content(path), one) for one in NEEDLES)]
            _assert_scan_sees(folder)
            files += len(elsewhere) + sum(path.is_file() for path in folder.rglob("*"))
    found = f": {', '.join(sorted(set(hits))[:3])}" if hits else ""
    return Figure(f"{len(hits)} hits in {files} files and what it said, ended and killed{found}", not hits)


def _assert_scan_sees(folder: Path) -> None:
    planted = folder / "planted"
    planted.write_bytes(b"..." + TYPED.encode() + b"...")
    assert files_with_canary(folder, TYPED.encode()) == [planted], "the scan is blind"
    planted.unlink()


def _use(folder: Path, ending: signal.Signals) -> bytes:
    """Work with the page, end it so; gives what the process said."""
    port = free_port()
    with _process(folder, port) as app, _client(folder, port) as client:
        sign_in(client, folder)
        assert HEARD in client.get(f"/sessions/{SESSION}").text, "the canary was never shown"
        _work(client)
        app.send_signal(ending)
        return app.communicate(timeout=60)[0]


@contextmanager
def use_of_page(folder: Path, port: int) -> Iterator[httpx2.Client]:
    """The app as a box runs it, with one therapist and one session, and a client of its page."""
    with _process(folder, port), _client(folder, port) as client:
        yield client


def sign_in(client: httpx2.Client, folder: Path) -> None:
    vault_id = next((folder / "vaults").glob("*/account.json")).parent.name
    signed_in = client.post("/signin", data={"person": vault_id, "passphrase": PASSPHRASE})
    assert signed_in.headers["location"] == "/today", "the therapist does not get in"


def _work(client: httpx2.Client) -> None:
    edited = client.post(f"/sessions/{SESSION}/lines/1/edit", data={"text": TYPED, "base": "0"})
    assert edited.status_code < 400, "the edit was refused"
    client.get("/search", params={"q": HEARD})
    client.get(f"/sessions/{SESSION}/audio.wav", headers={"range": "bytes=0-20000"})
    imported = client.post("/week/calendars", files={"file": ("week.ics", CALENDAR.encode(), "text/calendar")})
    assert imported.status_code < 400, "the calendar was refused"
    for form in ("text", "pdf", "docx", "fhir", "captions", "markdown"):
        client.post(f"/sessions/{SESSION}/export", data={"form": form})
    client.post("/signin", data={"person": "0" * 32, "passphrase": f"{PASSPHRASE} mistyped"})


@contextmanager
def _process(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    _fill(folder)
    config = folder / "tacet.toml"
    config.write_text(
        f'data_dir = "{folder}"\nrun_dir = "{folder}"\nmodels_dir = "{folder}"\n'
        f'[app]\nhost = "127.0.0.1"\nport = {port}\nannounce = false\n'
    )
    words = [sys.executable, "-m", "tacet", "app", "--config", str(config)]
    app = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | {"TMPDIR": "/tmp"})
    try:
        yield app
    finally:
        app.kill()
        app.wait()


def _fill(folder: Path) -> None:
    vaults = Vaults(folder / "vaults", cost=CHEAP_COST)
    vault, _ = vaults.create("Ada", PASSPHRASE)
    words = plain(f"The {HEARD}", "Two")
    add_session(vault, folder / "tapes", words, session_id=SESSION, started_at_ms=1, state=SessionState.DRAFTED)
    vaults.lock_all()


@contextmanager
def _client(folder: Path, port: int) -> Iterator[httpx2.Client]:
    authority = folder / "tls/authority.pem"
    wait_until(lambda: authority.is_file() and _listens(port), 120, "for the page")
    trust = ssl.create_default_context(cafile=authority)
    own_page = {"sec-fetch-site": "same-origin"}
    with httpx2.Client(base_url=f"https://localhost:{port}", verify=trust, headers=own_page, timeout=60) as client:
        yield client


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _holds(content: bytes, needle: str) -> bool:
    return any(form in content for form in forms_of(needle.encode()))
