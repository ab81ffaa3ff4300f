"""A box's link and the pool's door, over TLS on this machine; what stands behind the door alone is a stand-in."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.pool import Pool
from support.waiting import wait_until

from app.asr.client import SocketTranscriber
from app.asr.protocol import heard_head
from app.asr.server import listen
from app.asr.transcriber import Heard, TranscriberAway, TranscriberFailed, Window
from app.domain import Context
from app.pool import connection as to_pool
from app.pool.connection import PoolConnection
from app.pool.door import MOST_CONNECTIONS, door
from app.pool.errors import PoolAway, PoolRefused
from app.pool.hello import Hello, Model
from app.pool.link import Link
from app.pool.membership import Membership, Role
from app.pool.seen import Standing, look
from app.pool.watch import Watch

WITHIN_S = 120.0
WINDOW = Window(b"\0\0" * 16_000, final=True)


class Behind:
    """Answers every window, waits until it is let, or is nobody."""

    def __init__(self) -> None:
        self.workers = ["worker-1"]
        self.queued = 0
        self.heads = list[dict[str, Any]]()
        self.let = asyncio.Event()
        self.let.set()

    async def hear(self, head: dict[str, Any], pcm: bytes) -> dict[str, Any]:
        self.heads.append(head)
        await self.let.wait()
        return heard_head(Heard((), len(pcm) // 2, Context(), "model", machine="clinic/worker-1"))


class Served:
    """A pool's door that is served by a thread."""

    def __init__(self, folder: Path, hello: Hello) -> None:
        self.pool = Pool(folder)
        self.box = self.pool.enrol("room-1", Role.BOX)
        self.behind = Behind()
        self.loop = asyncio.new_event_loop()
        self._hello = hello
        self._ready = threading.Event()
        self._ending = asyncio.Event()
        self._thread = threading.Thread(target=self.loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        assert self._ready.wait(WITHIN_S)

    async def _serve(self) -> None:
        scheduler = Membership(self.pool.folder / "scheduler")
        async with door(scheduler, self.pool.place, "127.0.0.1", self._hello, self.behind):
            self._ready.set()
            await self._ending.wait()

    def connect(self, name: str = "room-1") -> PoolConnection:
        return PoolConnection(Membership(self.pool.folder / name), "base")

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(WITHIN_S)
        self.loop.close()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other tests is no pool that is away."""
    for name in (
        "app.pool.connection.SILENT_FOR_S",
        "app.pool.connection.CONNECTS_WITHIN_S",
        "app.pool.door.HELLO_WITHIN_S",
        "app.pool.seen.ANSWERS_WITHIN_S",
    ):
        monkeypatch.setattr(name, WITHIN_S)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    one = Served(tmp_path / "pool", Hello.own(Model.pinned("base")))
    yield one
    one.end()


@pytest.fixture
def transcriber(served: Served, tmp_path: Path) -> Iterator[SocketTranscriber]:
    listener = listen(tmp_path / "pool.sock")
    serving = threading.Thread(target=Link(listener, served.box, "base", Watch(served.box, "base")).serve_forever)
    serving.start()
    with closing(SocketTranscriber(tmp_path / "pool.sock")) as client:
        yield client
    listener.shutdown(socket.SHUT_RDWR)
    serving.join(WITHIN_S)
    listener.close()


def test_window__asked_of_the_link__is_answered_by_the_pool(served: Served, transcriber: SocketTranscriber) -> None:
    heard = transcriber.hear(WINDOW)
    assert (heard.advance_samples, heard.machine) == (16_000, "clinic/worker-1")
    assert served.behind.heads[0]["live"] is False


def test_window__that_takes_longer_than_the_silence_a_box_bears__is_waited_for(
    served: Served, transcriber: SocketTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.pool.door.TOLD_EVERY_S", 0.01)
    served.behind.let.clear()
    asking = threading.Timer(0.5, lambda: served.loop.call_soon_threadsafe(served.behind.let.set))
    asking.start()
    assert transcriber.hear(WINDOW).machine == "clinic/worker-1"
    asking.join(WITHIN_S)


def test_pool__without_workers__is_away_at_once(served: Served, transcriber: SocketTranscriber) -> None:
    served.behind.workers = []
    with pytest.raises(TranscriberAway):
        transcriber.hear(WINDOW)
    served.behind.workers = ["worker-1"]
    assert transcriber.hear(WINDOW).machine == "clinic/worker-1"


def test_pool__whose_last_worker_goes_while_it_listens__is_away(served: Served, transcriber: SocketTranscriber) -> None:
    served.behind.let.clear()

    def die() -> None:
        while not served.behind.heads:
            threading.Event().wait(0.01)
        served.behind.workers = []

    dying = threading.Thread(target=die)
    dying.start()
    with pytest.raises(TranscriberAway):
        transcriber.hear(WINDOW)
    dying.join(WITHIN_S)


def test_pool__that_listens_forever__is_away_when_patience_ends(
    served: Served, transcriber: SocketTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_pool, "PATIENCE_S", 0.0)
    served.behind.let.clear()
    with pytest.raises(TranscriberAway):
        transcriber.hear(WINDOW)


def test_pool__that_has_fallen_silent__is_away_within_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(to_pool, "SILENT_FOR_S", 0.2)
    pool = Pool(tmp_path / "pool")
    box = pool.enrol("room-1", Role.BOX)
    silent = socket.create_server(("127.0.0.1", pool.place.door_port))  # takes the connection, and says nothing
    with silent, closing(PoolConnection(box, "base")) as connection, pytest.raises(PoolAway):
        connection.ask({}, b"")


def test_pool__of_another_version__is_refused_with_a_sentence(tmp_path: Path) -> None:
    served = Served(tmp_path / "pool", Hello("0.0.1", 1, Model.pinned("base")))
    try:
        with closing(served.connect()) as connection, pytest.raises(PoolRefused, match=r"0\.0\.1.*same version"):
            connection.ask({}, b"")
    finally:
        served.end()


@pytest.mark.parametrize(
    ("model", "sentence"),
    [(Model("base", "1" * 64), "another base"), (Model("huge", "1" * 64), "does not know")],
    ids=["other bytes", "unknown"],
)
def test_pool__with_another_model_than_the_manifests__is_refused_with_a_sentence(
    tmp_path: Path, model: Model, sentence: str
) -> None:
    served = Served(tmp_path / "pool", Hello.own(model))
    try:
        with closing(served.connect()) as connection, pytest.raises(PoolRefused, match=sentence):
            connection.ask({}, b"")
    finally:
        served.end()


def test_refusal__reaches_the_app_as_its_sentence(
    served: Served, transcriber: SocketTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.pool.hello.version", lambda _: "0.0.1")
    with pytest.raises(TranscriberFailed, match="same version"):
        transcriber.hear(WINDOW)


def test_box__with_more_connections_than_it_may_have__is_refused(served: Served) -> None:
    open_ones = [served.connect() for _ in range(MOST_CONNECTIONS + 1)]
    try:
        for one in open_ones[:MOST_CONNECTIONS]:
            one.ask({"ask": "status"}, b"")
        with pytest.raises((PoolRefused, PoolAway)):
            open_ones[-1].ask({"ask": "status"}, b"")
    finally:
        for one in open_ones:
            one.close()


def test_status__asked_by_a_box__shows_that_box_alone(served: Served) -> None:
    served.pool.enrol("room-2", Role.BOX)
    for name in ("room-1", "room-2", "scheduler"):
        with closing(served.connect(name)) as connection:
            if name != "scheduler":
                connection.ask({"final": True}, bytes(32_000))
            said = connection.ask({"ask": "status"}, b"")
            expected = {"room-1": ["room-1"], "room-2": ["room-2"], "scheduler": ["room-1", "room-2"]}[name]
            assert sorted(said["boxes"]) == expected
    assert said["boxes"]["room-1"]["sound_s"] == 1.0


def test_box__revoked_while_it_is_connected__is_cut(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(served.connect()) as connection:
        connection.ask({"ask": "status"}, b"")
        served.pool.revoke("room-1")
        assert connection._connection is not None
        connection._connection.settimeout(WITHIN_S)
        with contextlib.suppress(OSError):  # reset instead of ended
            assert connection._connection.recv(1) == b""
        with pytest.raises(PoolAway):
            connection.ask({"ask": "status"}, b"")


def test_list_of_revoked__of_the_pool__is_kept_by_a_box_that_asks(served: Served) -> None:
    served.pool.enrol("room-2", Role.BOX)
    served.pool.revoke("room-2")
    with closing(served.connect()) as connection:
        connection.ask({"ask": "status"}, b"")
    assert (served.box.folder / "revoked.pem").read_bytes() == served.pool.authority.revoked_pem


def test_link__asked_for_what_it_sees__tells_it_without_asking_the_pool(
    served: Served, transcriber: SocketTranscriber, tmp_path: Path
) -> None:
    seen = look(tmp_path)
    assert (seen.standing, seen.model) == (Standing.JOINED, "base")
    assert served.behind.heads == []


def test_box__without_a_link__is_in_no_pool_and_one_whose_link_died_says_so(tmp_path: Path) -> None:
    assert look(tmp_path).standing is Standing.OFF
    listen(tmp_path / "pool.sock").close()
    assert look(tmp_path).standing is Standing.STOPPED


def test_watch__of_a_pool_that_comes_goes_and_changes__says_so_and_since_when(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ms = iter(range(1000, 9000, 1000))
    watch = Watch(served.box, "base", now_ms=lambda: next(now_ms))
    with closing(watch):
        watch.look()
        seen = watch.seen
        assert (seen.standing, seen.since_ms, seen.workers) == (Standing.REACHABLE, 1000, ("worker-1",))
        assert (seen.name, seen.pool, seen.port) == ("room-1", "clinic", served.pool.place.door_port)
        assert seen.pool_model == "base"
        assert seen.pool_version == seen.version
        served.pool.revoke("room-1")
        wait_until(lambda: watch.look() or watch.seen.standing is Standing.AWAY, WITHIN_S)
        assert watch.seen.since_ms == 2000
        assert "tacet pool members" in watch.seen.sentence or "broke off" in watch.seen.sentence
        served.pool.enrol("room-2", Role.BOX)
    other = Watch(Membership(served.pool.folder / "room-2"), "base.en")
    with closing(other):
        other.look()
    assert other.seen.standing is Standing.REFUSED
    assert "one of them knows English only" in other.seen.sentence


def test_watch__of_a_box_that_is_not_to_use_its_pool__asks_nobody(served: Served) -> None:
    watch = Watch(served.box, "base", use=False)
    watch.look()
    assert (watch.seen.standing, watch.seen.workers) == (Standing.UNUSED, ())
