"""Newer versions from the clinic's server: a real server in this process, a bundle's way to the disk and to RAUC."""

import hashlib
import json
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.waiting import wait_until
from support.web_client import web_client

from app.errors import TacetError
from app.tls import ensure_certificate
from app.update_state import Step, UpdateState, keep_update_state, read_update_state
from tacet.__main__ import main
from tacet.config.sections import UpdateSection
from tacet.selftest.at_rest import SessionBegan
from tacet.update import SessionGoesOn
from tacet.updating.offer import OfferUnusable, read_offer
from tacet.updating.outcome import Outcome, OutcomeFiles
from tacet.updating.scheduled import Follower, ThisBox
from tacet.updating.server import ServerFailed, UpdateServer
from tacet.updating.taking import take

BUNDLE = bytes(range(256)) * 8192  # 2 MB
RUNNING, NEWER = "0.1.0.6", "0.1.0.7"
PASSPHRASE = "seven loud orange kettles"


@dataclass
class Clinic:
    """What lies on the server, how it behaves, and what it was asked."""

    files: dict[str, bytes]
    breaks_after: int | None = None  # bytes of a bundle, then it hangs up
    ranges: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)  # path, range
    address: str = ""

    def offer(self, version: str = NEWER, **other: object) -> None:
        about = {
            "version": version,
            "bundle": "tacet-new.raucb",
            "size_bytes": len(BUNDLE),
            "sha256": hashlib.sha256(BUNDLE).hexdigest(),
        }
        self.files["/tacet/tacet-amd64.json"] = json.dumps(about | other).encode()


class Handler(BaseHTTPRequestHandler):
    clinic: Clinic

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.clinic.asked.append((self.path, asked))
        content = self.clinic.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.clinic.ranges else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        part = content[start:]
        limit = self.clinic.breaks_after if self.path.endswith(".raucb") else None
        self.wfile.write(part if limit is None else part[:limit])
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its own name for it
        pass


@contextmanager
def serving(clinic: Clinic, certificate: ssl.SSLContext | None = None) -> Iterator[Clinic]:
    handler = type("ClinicHandler", (Handler,), {"clinic": clinic})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = False
    if certificate is not None:
        server.socket = certificate.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    scheme = "https" if certificate else "http"
    clinic.address = f"{scheme}://127.0.0.1:{server.server_address[1]}/tacet"
    try:
        yield clinic
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    made = Clinic({"/tacet/tacet-new.raucb": BUNDLE})
    made.offer()
    with serving(made) as running:
        yield running


@pytest.fixture
def box(tmp_path: Path) -> ThisBox:
    (tmp_path / "update").mkdir()
    files = OutcomeFiles(tmp_path / "outcome.json", tmp_path / "run/installed")
    return ThisBox(tmp_path, RUNNING, "tacet-amd64", files)


def follower(box: ThisBox, clinic: Clinic, make_way: Callable[[], None] = lambda: None, pin: str = "") -> Follower:
    return Follower(box, UpdateSection(server=clinic.address, certificate_sha256=pin), make_way)


def offered(box: ThisBox) -> list[bytes]:
    return [path.read_bytes() for path in sorted((box.data_dir / "update/offered").glob("*"))]


def test_look__a_newer_version__lies_there_whole_and_is_told(box: ThisBox, clinic: Clinic) -> None:
    looking = follower(box, clinic)
    assert looking.look()
    assert offered(box) == [BUNDLE]
    kept = read_update_state(box.data_dir)
    assert kept is not None
    assert (kept.step, kept.version, kept.done_bytes, kept.problem) == (Step.FETCHED, NEWER, len(BUNDLE), "")
    before = len(clinic.asked)
    assert looking.look()
    assert [path for path, _ in clinic.asked[before:]] == ["/tacet/tacet-amd64.json"]  # not a second time


@pytest.mark.parametrize("version", [RUNNING, "0.1.0.5"])
def test_look__nothing_newer__fetches_nothing(box: ThisBox, clinic: Clinic, version: str) -> None:
    clinic.offer(version)
    assert follower(box, clinic).look()
    assert offered(box) == []
    kept = read_update_state(box.data_dir)
    assert kept is not None
    assert kept.step is Step.NEWEST


def test_look__a_download_that_breaks_off__goes_on_from_there(box: ThisBox, clinic: Clinic) -> None:
    clinic.breaks_after = 700_000
    looking = follower(box, clinic)
    assert not looking.look()
    assert looking.state.step is Step.FAILED
    clinic.breaks_after = None
    assert looking.look()
    assert offered(box) == [BUNDLE]
    (again,) = [span for path, span in clinic.asked if span]
    assert int(again.removeprefix("bytes=").removesuffix("-")) > 0


def test_look__a_server_that_knows_no_ranges__begins_anew(box: ThisBox, clinic: Clinic) -> None:
    clinic.breaks_after, clinic.ranges = 700_000, False
    looking = follower(box, clinic)
    assert not looking.look()
    clinic.breaks_after = None
    assert looking.look()
    assert offered(box) == [BUNDLE]


def test_look__a_session_begins_meanwhile__stops_and_goes_on_afterwards(
    box: ThisBox, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tacet.updating.scheduled.LOOKS_AT_RECORDER_EVERY_S", 0.0)
    going_on = [False]
    chunks = [0]

    def make_way() -> None:
        chunks[0] += 1
        going_on[0] = going_on[0] or chunks[0] == 4
        if going_on[0]:
            raise SessionBegan

    looking = follower(box, clinic, make_way)
    assert not looking.look()
    assert offered(box) == []
    asked = len(clinic.asked)
    assert not looking.look()
    assert len(clinic.asked) == asked  # the server is not even asked during a session
    going_on[0] = False
    assert looking.look()
    assert offered(box) == [BUNDLE]


def test_look__another_bundle_than_its_hash__is_thrown_away_and_said(box: ThisBox, clinic: Clinic) -> None:
    clinic.files["/tacet/tacet-new.raucb"] = BUNDLE[:-1] + b"\x00"
    looking = follower(box, clinic)
    assert not looking.look()
    assert looking.state.step is Step.FAILED
    assert "is not the one" in looking.state.problem
    assert list((box.data_dir / "update").glob("*.part")) == []


def test_look__more_than_was_offered__is_not_kept(box: ThisBox, clinic: Clinic) -> None:
    clinic.files["/tacet/tacet-new.raucb"] = BUNDLE * 2
    assert not follower(box, clinic).look()
    assert list((box.data_dir / "update").glob("*.part")) == []


def test_look__no_server__says_so_and_is_tried_soon(box: ThisBox, clinic: Clinic) -> None:
    clinic.files.clear()
    looking = follower(box, clinic)
    assert not looking.look()
    assert "has no tacet-amd64.json (it says 404)" in looking.state.problem
    nobody = Clinic({}, address="http://127.0.0.1:9/tacet")
    assert not follower(box, nobody).look()


@pytest.mark.parametrize(
    "change",
    [{"bundle": "../evil.raucb"}, {"size_bytes": 10**12}, {"sha256": "12"}, {"version": "newest"}, {"more": 1}],
    ids=["a path", "too large", "no hash", "no version", "unknown"],
)
def test_offer__what_it_must_not_say__is_refused_with_the_field(clinic: Clinic, change: dict[str, object]) -> None:
    clinic.offer(**change)
    with pytest.raises(OfferUnusable, match=next(iter(change))):
        read_offer(clinic.files["/tacet/tacet-amd64.json"])


def test_server__that_leads_elsewhere__is_not_followed(clinic: Clinic) -> None:
    class Redirecting(Handler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"{clinic.address}/tacet-amd64.json")
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Redirecting)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with pytest.raises(ServerFailed, match="302"):
            UpdateServer(f"http://127.0.0.1:{server.server_address[1]}").read("tacet-amd64.json", 1000)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert clinic.asked == []


def test_server__outside_of_private_networks__is_not_asked() -> None:
    with pytest.raises(ServerFailed, match="own network"):
        UpdateServer("http://8.8.8.8/tacet").read("x.json", 10)


def test_server__over_https__is_known_by_its_pinned_certificate_alone(box: ThisBox, tmp_path: Path) -> None:
    tls = ensure_certificate(tmp_path / "tls", "updates")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.cert_path, tls.key_path)
    made = Clinic({"/tacet/tacet-new.raucb": BUNDLE})
    made.offer()
    with serving(made, context) as clinic:
        with pytest.raises(ServerFailed, match="certificate_sha256"):
            UpdateServer(clinic.address).read("tacet-amd64.json", 1000)
        with pytest.raises(ServerFailed, match="another certificate"):
            UpdateServer(clinic.address, "ab" * 32).read("tacet-amd64.json", 1000)
        pem = ssl.get_server_certificate(("127.0.0.1", int(clinic.address.split(":")[2].split("/")[0])))
        pin = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
        colons = ":".join(pin[at : at + 2] for at in range(0, 64, 2))
        assert follower(box, clinic, pin=colons).look()
    assert offered(box) == [BUNDLE]


@dataclass
class Rauc:
    """RAUC and systemd, as `tacet update` asks them."""

    version: str = NEWER
    refuses: str = ""
    doing: str = "ready"
    asked: list[str] = field(default_factory=list)

    def run(self, command: list[str]) -> str:
        self.asked.append(" ".join(command[:2]))
        if "StatusText" in command:
            return self.doing
        if command[:2] == ["rauc", "info"]:
            if self.refuses:
                raise TacetError(f"rauc info refused: {self.refuses}")
            return json.dumps({"version": self.version})
        return ""


@pytest.fixture
def fetched(box: ThisBox, clinic: Clinic) -> Follower:
    looking = follower(box, clinic)
    assert looking.look()
    return looking


def test_take__a_fetched_bundle__is_installed_once_and_started(box: ThisBox, fetched: Follower, clinic: Clinic) -> None:
    rauc, place = Rauc(), box.data_dir / "update/offered"
    assert "starts again" in take(place, RUNNING, rauc.run, box.outcome)
    assert rauc.asked[-1] == "systemctl reboot"
    fetched.hear_outcome()
    assert fetched.state.step is Step.FETCHED  # it has not started yet
    after = follower(replace(box, running=NEWER), clinic)
    assert after.state.step is Step.NEWEST
    assert offered(box) == []


def test_take__a_version_that_did_not_work__is_not_tried_again(box: ThisBox, fetched: Follower, clinic: Clinic) -> None:
    place = box.data_dir / "update/offered"
    take(place, RUNNING, Rauc().run, box.outcome)
    box.outcome.this_boot.unlink()  # the box has started twice: with it, and back
    rauc = Rauc()
    assert "tried before" in take(place, RUNNING, rauc.run, box.outcome)
    assert rauc.asked == []
    back = follower(box, clinic)
    back.hear_outcome()
    assert back.state.step is Step.REFUSED
    assert "did not work on this box" in back.state.problem
    assert back.look()
    assert offered(box) == []
    assert fetched.state.refused == ()


def test_take__what_rauc_refuses__is_said_and_not_fetched_again(box: ThisBox, fetched: Follower) -> None:
    rauc = Rauc(refuses="signature verification failed")
    assert "was not taken" in take(box.data_dir / "update/offered", RUNNING, rauc.run, box.outcome)
    assert "systemctl reboot" not in rauc.asked
    fetched.hear_outcome()
    assert (fetched.state.step, fetched.state.refused) == (Step.REFUSED, (NEWER,))
    assert "signature verification failed" in fetched.state.problem
    assert fetched.look()
    assert offered(box) == []


def test_take__a_bundle_that_is_not_newer_whatever_the_server_says__is_refused(box: ThisBox, fetched: Follower) -> None:
    assert "newer" in take(box.data_dir / "update/offered", RUNNING, Rauc(version="0.1.0.5").run, box.outcome)
    fetched.hear_outcome()
    assert fetched.state.step is Step.REFUSED


def test_take__a_session_goes_on__waits_and_keeps_the_bundle(box: ThisBox, fetched: Follower) -> None:
    place = box.data_dir / "update/offered"
    with pytest.raises(SessionGoesOn):
        take(place, RUNNING, Rauc(doing="recording").run, box.outcome)
    fetched.hear_outcome()
    assert fetched.state.step is Step.FETCHED
    assert box.outcome.read() is None
    assert "starts again" in take(place, RUNNING, Rauc().run, box.outcome)


def test_take__a_session_begins_while_it_is_installed__starts_later_without_installing_again(
    box: ThisBox, fetched: Follower
) -> None:
    del fetched
    place = box.data_dir / "update/offered"
    rauc = Rauc()
    looks = iter(["ready", "recording"])

    def run(command: list[str]) -> str:
        rauc.doing = next(looks) if "StatusText" in command else rauc.doing
        return rauc.run(command)

    with pytest.raises(SessionGoesOn):
        take(place, RUNNING, run, box.outcome)
    later = Rauc()
    take(place, RUNNING, later.run, box.outcome)
    assert later.asked == ["systemctl show", "systemctl reboot"]


def test_take__nothing_there__says_so(tmp_path: Path) -> None:
    assert "no update" in take(tmp_path, RUNNING, Rauc().run, OutcomeFiles(tmp_path / "a", tmp_path / "b"))


def test_outcome__kept__is_read_again(tmp_path: Path) -> None:
    files = OutcomeFiles(tmp_path / "kept", tmp_path / "run" / "now")
    files.keep(Outcome("a.raucb", "Why."))
    assert files.read() == Outcome("a.raucb", "Why.")
    assert not files.waits_for_its_start("a.raucb")
    files.keep(Outcome("a.raucb", None))
    assert files.waits_for_its_start("a.raucb")


def test_it_page__an_update_that_was_refused__says_why(tmp_path: Path) -> None:
    with web_client(tmp_path) as client:
        client.new_person()
        desk = client.app.state.desk
        client.join_as_it()
        assert "USB stick" in client.http.get("/it").text
        (desk.settings.data_dir / "update").mkdir()
        state = UpdateState(server="https://updates.clinic.example/tacet", version=NEWER)
        refused = {"step": Step.REFUSED, "problem": "It is not signed.", "asked_at_ms": time.time_ns() // 1_000_000}
        keep_update_state(desk.settings.data_dir, state.model_copy(update=refused))
        page = client.http.get("/it").text
        assert "It is not signed." in page
        assert "updates.clinic.example" in page
        fetching = {"step": Step.FETCHING, "done_bytes": 250_000_000, "of_bytes": 1_000_000_000, "problem": ""}
        keep_update_state(desk.settings.data_dir, state.model_copy(update=fetching))
        assert "250 of 1000 MB" in client.http.get("/it").text


FOLLOW = """
import sys
from pathlib import Path
import tacet.updating.scheduled as scheduled
from tacet.config.sections import UpdateSection
from tacet.updating.outcome import OutcomeFiles
scheduled.FIRST_AFTER_S, scheduled.LOOK_EVERY_S = (0.0, 0.0), 0.05
folder = Path(sys.argv[1])
box = scheduled.ThisBox(folder, "0.1.0.6", "tacet-amd64", OutcomeFiles(folder / "kept", folder / "now"))
raise SystemExit(scheduled.follow(box, UpdateSection(server=sys.argv[2]), folder))
"""


def test_follow__as_a_process_of_its_own__fetches_and_ends_when_it_is_told_to(box: ThisBox, clinic: Clinic) -> None:
    with subprocess.Popen([sys.executable, "-c", FOLLOW, str(box.data_dir), clinic.address]) as process:
        try:
            wait_until(lambda: offered(box) == [BUNDLE], 240, "for the bundle")
            process.terminate()
            assert process.wait(60) == 0
        finally:
            process.kill()


def test_follow__no_server_is_named__says_so_and_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tacet.toml").touch()
    assert main(["update", "follow", "--config", str(tmp_path / "tacet.toml")]) == 0
    assert "[update]" in capsys.readouterr().out
