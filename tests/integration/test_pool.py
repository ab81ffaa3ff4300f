"""A clinic's pool of real processes with the real model: scheduler, worker, a box's link."""

import asyncio
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from distributed.core import rpc
from support.asr import AsrProcess
from support.canary import files_with_canary
from support.demo_sound import demo_pcm
from support.pool import Pool, Process
from support.waiting import wait_until

from app.asr.client import SocketTranscriber
from app.asr.taking_over import TakingOver
from app.asr.transcriber import Heard, TranscriberAway, Window
from app.discovery import pools_near
from app.domain import Context
from app.pool.connection import PoolConnection
from app.pool.errors import PoolAway
from app.pool.hello import Hello, Model
from app.pool.joining import Invitation
from app.pool.membership import Membership, Role
from app.pool.security import PoolSecurity
from app.pool.seen import look
from app.speech.attribution import mixed_down
from tacet.provision.provision import Places, provision

WITHIN_S = 240.0
WINDOW = Window(mixed_down(demo_pcm(4, 9), 2), final=True, context=Context(language="en"), live=True)
CANARY_SOUND = WINDOW.pcm[64_000:64_064]
CANARY_WORDS = b" red light is on"


class Clinic:
    """Started once for all tests here; the worker has folders of its own that can be searched."""

    def __init__(self, folder: Path) -> None:
        self.pool = Pool(folder / "pool")
        self.home = folder / "home"
        self.home.mkdir()
        self.scheduler = self.pool.scheduler()
        places = {name: str(self.home) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
        self.worker = self.pool.worker(**places)
        self.link = self.pool.link()

    def status(self) -> dict[str, object]:
        with closing(PoolConnection(Membership(self.pool.folder / "scheduler"), None)) as connection:
            return connection.ask({"ask": "status"}, b"")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other tests is no pool that is away. The link's own process keeps its patience."""
    for name in ("app.pool.connection.SILENT_FOR_S", "app.pool.connection.CONNECTS_WITHIN_S"):
        monkeypatch.setattr(name, WITHIN_S)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    one = Clinic(tmp_path_factory.mktemp("clinic"))
    with one.pool:
        yield one


def listening(process: Process) -> set[int]:
    connections = psutil.Process(process.pid).net_connections(kind="inet")
    return {one.laddr.port for one in connections if one.status == psutil.CONN_LISTEN}


def heard_when_back(transcriber: SocketTranscriber) -> Heard:
    """What the pool hears, once it does: on a busy machine a box may take it for away."""
    found = list[Heard]()

    def ask() -> bool:
        try:
            found.append(transcriber.hear(WINDOW))
        except TranscriberAway:
            return False
        return True

    wait_until(ask, WITHIN_S, "for the pool")
    return found[-1]


def test_pool__a_window__has_the_words_of_the_boxs_own_process(clinic: Clinic, tmp_path: Path) -> None:
    own = AsrProcess(tmp_path, threads=1)
    own.start()
    try:
        with closing(SocketTranscriber(own.socket_path)) as local, closing(SocketTranscriber(clinic.link)) as pool:
            heard = heard_when_back(pool)
            assert heard.machine == "clinic/worker-1"
            assert heard.utterances
            assert replace(heard, machine="") == local.hear(WINDOW)
    finally:
        own.stop()


def test_scheduler_and_worker__while_they_run__listen_at_their_own_ports_alone(clinic: Clinic) -> None:
    place = clinic.pool.place
    assert listening(clinic.scheduler) == {place.door_port, place.scheduler_port}
    assert len(listening(clinic.worker)) == 1


def test_box__with_a_code_in_its_tacet_toml__becomes_a_member_by_itself_and_is_heard_for(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = Membership(clinic.pool.folder / "scheduler")
    invitation = Invitation(clinic.pool.authority, scheduler, "room-7", Role.BOX, ("127.0.0.1", 0))
    monkeypatch.setattr("tacet.provision.codes.JOIN_PORT", invitation.port)
    waiting = threading.Thread(target=invitation.wait, args=(WITHIN_S,))
    waiting.start()
    places = box_places(tmp_path)
    code = invitation.code.written()
    text = f'run_dir = "{tmp_path}"\n[pool]\naddress = "127.0.0.1"\ncode = "{code}"\n'
    (places.boot / "tacet.toml").write_text(text)
    assert provision(places, lambda _: None).problems == ()
    folders = ("--folder", str(tmp_path / "member"), "--invited", str(places.invited))
    config = ("--config", str(places.effective / "tacet.toml"))
    clinic.pool.process("room-7-link", "link", *folders, *config).start("is reachable")
    waiting.join(WITHIN_S)
    assert Membership(tmp_path / "member").name() == "room-7"
    wait_until(lambda: look(tmp_path).hears, WITHIN_S, "for a look that finds the worker")
    with closing(SocketTranscriber(tmp_path / "pool.sock")) as pool:
        assert heard_when_back(pool).machine == "clinic/worker-1"
    assert files_with_canary(tmp_path, code.encode()) == []


def box_places(folder: Path) -> Places:
    made = {name: folder / name for name in ("boot", "identity", "effective", "network", "etc", "invited")}
    for name in ("boot", "identity", "etc"):
        made[name].mkdir()
    return Places(**made)


def test_scheduler__while_it_runs__is_seen_on_its_network(clinic: Clinic) -> None:
    def seen() -> bool:
        near = asyncio.run(pools_near(3.0, ["127.0.0.1"])).all()
        return ("127.0.0.1", clinic.pool.place.door_port) in {(one.address, one.port) for one in near}

    wait_until(seen, WITHIN_S, "for the announcement")


def strangers(clinic: Clinic, folder: Path) -> dict[str, ssl.SSLContext]:
    """Who must be refused at every port of the pool."""
    other, pool = Pool(folder / "other"), clinic.pool
    nobody = ssl.create_default_context(cafile=str(pool.folder / "scheduler/authority.pem"))
    nobody.check_hostname = False
    other.enrol("worker-1", Role.WORKER)
    foreign = PoolSecurity(Membership(other.folder / "worker-1"), Role.WORKER).dialling
    foreign.load_verify_locations(pool.folder / "scheduler/authority.pem")
    pool.enrol("stolen", Role.WORKER)
    revoked = PoolSecurity(Membership(pool.folder / "stolen"), Role.WORKER).dialling
    pool.revoke("stolen")
    pool.enrol("curious", Role.BOX)
    box = PoolSecurity(Membership(pool.folder / "curious"), Role.WORKER).dialling
    return {"no certificate": nobody, "another authority": foreign, "revoked": revoked, "a box": box}


def test_daskports__of_scheduler_and_worker__refuse_all_but_their_own(clinic: Clinic, tmp_path: Path) -> None:
    async def reached(port: int, context: ssl.SSLContext) -> bool:
        arguments = {"ssl_context": context, "require_encryption": True}
        try:
            async with rpc(f"tls://127.0.0.1:{port}", connection_args=arguments, timeout=120) as asked:
                await asked.identity()
        except OSError:
            return False
        return True

    (worker_port,) = listening(clinic.worker)
    for name, context in strangers(clinic, tmp_path).items():
        for port in (clinic.pool.place.scheduler_port, worker_port):
            assert not asyncio.run(reached(port, context)), (name, port)
    member = PoolSecurity(Membership(clinic.pool.folder / "worker-1"), Role.WORKER).dialling
    assert asyncio.run(reached(clinic.pool.place.scheduler_port, member))
    assert not asyncio.run(reached(worker_port, member)), "a worker talks with the scheduler alone"


def test_door__asked_by_a_box_that_was_revoked__refuses(clinic: Clinic) -> None:
    thief = clinic.pool.enrol("thief", Role.BOX)
    with closing(PoolConnection(thief, "base")) as connection:
        connection.ask({"ask": "status"}, b"")
    clinic.pool.revoke("thief")
    with closing(PoolConnection(thief, "base")) as connection, pytest.raises(PoolAway):
        connection.ask({"ask": "status"}, b"")


@pytest.mark.parametrize(
    ("hello", "sentence"),
    [
        (replace(Hello.own(Model.pinned("base")), version="0.0.1"), "same version"),
        (Hello.own(Model("base", "1" * 64)), "another base"),
        (Hello.own(Model.pinned("tiny.en")), "--model base"),
    ],
    ids=["another version", "other bytes", "another model"],
)
def test_worker__that_is_not_what_the_scheduler_wants__is_refused_with_a_sentence(
    clinic: Clinic, hello: Hello, sentence: str
) -> None:
    security = PoolSecurity(Membership(clinic.pool.folder / "worker-1"), Role.WORKER)

    async def ask() -> dict[str, str]:
        arguments = security.get_connection_args("worker")
        async with rpc(f"tls://127.0.0.1:{clinic.pool.place.scheduler_port}", connection_args=arguments) as scheduler:
            said: dict[str, str] = await scheduler.tacet_admit(hello=hello.head())
            return said

    assert sentence in asyncio.run(ask())["refused"]


def wait_for_its_window(clinic: Clinic, asking: "subprocess.Popen[str]") -> None:
    wait_until(lambda: clinic.status()["queued"] or asking.poll() is not None, WITHIN_S, "for the window")


def test_worker__killed_while_it_listens__leaves_the_window_to_the_box_and_nothing_on_its_disk(
    clinic: Clinic, tmp_path: Path
) -> None:
    own = AsrProcess(tmp_path, threads=1)
    own.start()
    pool, local = SocketTranscriber(clinic.link), SocketTranscriber(own.socket_path)
    try:
        with closing(pool), closing(local):
            for _ in range(5):  # on a busy machine the words may come before the kill
                assert heard_when_back(pool).machine == "clinic/worker-1"
                asking = subprocess.Popen(
                    [sys.executable, "-c", ASK, str(clinic.link), str(own.socket_path)],
                    stdout=subprocess.PIPE,
                    text=True,
                )
                wait_for_its_window(clinic, asking)
                clinic.worker.kill()
                said, _ = asking.communicate(timeout=WITHIN_S)
                if said.strip() == "heard by ''":
                    break
                clinic.worker.start("offered to the pool")
            assert said.strip() == "heard by ''"
            assert files_with_canary(clinic.home, CANARY_SOUND) == []
            assert files_with_canary(clinic.pool.folder, CANARY_WORDS) == []
            clinic.worker.start("offered to the pool")
            assert heard_when_back(pool).machine == "clinic/worker-1"
            clinic.scheduler.kill()
            both = TakingOver(pool, local)
            assert both.hear(WINDOW).machine == ""
            clinic.scheduler.start("serves boxes")
            assert heard_when_back(pool).machine == "clinic/worker-1"
    finally:
        own.stop()
    for needle in (CANARY_SOUND, CANARY_WORDS):
        assert files_with_canary(clinic.home, needle) == []
        assert files_with_canary(clinic.pool.folder, needle) == []


ASK = f"""
import sys
import threading
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from support.demo_sound import demo_pcm
from app.asr.client import SocketTranscriber
from app.asr.taking_over import TakingOver
from app.asr.transcriber import Window
from app.domain import Context
from app.speech.attribution import mixed_down
window = Window(mixed_down(demo_pcm(0, 30), 2), final=True, context=Context(language="en"))
both = TakingOver(*(SocketTranscriber(Path(one)) for one in sys.argv[1:]))
print("heard by", repr(both.hear(window).machine))
"""
