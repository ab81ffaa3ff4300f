"""A fetch that is killed, or whose disk fills up: the next run repairs it, and what was there before is untouched."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.toy_hub import ToyHub, toy_hub
from support.toy_models import Toy, toy, toy_with_wheels

from models.fetch import fetch
from models.folder import FolderSource
from models.hub import HubSource
from models.installed import ModelState, state_of

# A process that runs `fetch` and can be held, or limited in the size of the files it may write.
SCRIPT = """
import resource, sys, time
from contextlib import contextmanager
from pathlib import Path
from models.errors import ModelError
from models.fetch import fetch
from models.folder import FolderSource
from models.hub import HubSource
from models.manifest import Model
from models.mirror import MirrorSource

kind, where, models_dir, model, limit, hold = sys.argv[1:]
source = {
    "folder": lambda: FolderSource(Path(where)),
    "hub": lambda: HubSource(where),
    "mirror": lambda: MirrorSource(("--no-index", "--find-links", where)),
}[kind]()
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))

@contextmanager
def held(what, total_bytes):
    def advance(done_bytes):
        if hold and what.startswith(hold):
            print("held", flush=True)
            time.sleep(60)
    yield advance

try:
    fetch(Model.model_validate_json(model), Path(models_dir), [source], held)
except ModelError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def some() -> Toy:
    return toy()


@pytest.fixture
def large() -> Toy:
    return toy(model_bytes=25_000_000)


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def start(models_dir: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def go(some: Toy, kind: str, where: object, *, limit_bytes: int = 0, hold: str = "") -> subprocess.Popen[str]:
        arguments = [kind, str(where), str(models_dir), some.model.model_dump_json(), str(limit_bytes), hold]
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield go
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def kill_when_held(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()


def is_whole(models_dir: Path, some: Toy) -> bool:
    whole = state_of(models_dir, some.model) is ModelState.INSTALLED
    return whole and [path.name for path in models_dir.iterdir()] == ["toy"]


def test_fetch__killed_while_copying__shows_no_model_and_the_next_run_takes_over_what_was_verified(
    tmp_path: Path, models_dir: Path, some: Toy, start: Start
) -> None:
    stick = some.write(tmp_path / "stick" / "toy").parent
    kill_when_held(start(some, "folder", stick, hold="Copying model.bin"))
    assert state_of(models_dir, some.model) is ModelState.ABSENT
    assert (models_dir / ".fetch-toy" / "scratch" / "model.bin").exists()
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (stick / "toy" / name).unlink()  # so they cannot be copied again
    fetch(some.model, models_dir, [FolderSource(stick)])
    assert is_whole(models_dir, some)


def test_fetch__killed_while_repairing__leaves_the_model_as_it_was(
    tmp_path: Path, models_dir: Path, some: Toy, start: Start
) -> None:
    stick = some.write(tmp_path / "stick" / "toy").parent
    some.write(models_dir / "toy")
    (models_dir / "toy" / "model.bin").write_bytes(b"broken")
    kill_when_held(start(some, "folder", stick, hold="Copying model.bin"))
    assert (models_dir / "toy" / "model.bin").read_bytes() == b"broken"
    fetch(some.model, models_dir, [FolderSource(stick)])
    assert is_whole(models_dir, some)


def stalled_half_way(start: Start, some: Toy, hub: ToyHub, models_dir: Path) -> subprocess.Popen[str]:
    """A fetch whose hub has fallen silent. Its client writes 10 MB at a time."""
    hub.stall_after = 12_000_000
    process = start(some, "hub", hub.endpoint)
    wait_until(lambda: any(path.stat().st_size >= 10_000_000 for path in models_dir.rglob("model.bin.part")))
    return process


def test_hub__killed_half_way__goes_on_where_it_was(models_dir: Path, large: Toy, start: Start) -> None:
    with toy_hub(large) as hub:
        process = stalled_half_way(start, large, hub, models_dir)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        hub.stall_after = None
        hub.go_on.set()
        fetch(large.model, models_dir, [HubSource(hub.endpoint)])
    assert is_whole(models_dir, large)
    resumed = [asked for method, path, asked in hub.asked if method == "GET" and path.endswith("model.bin") and asked]
    assert resumed
    assert int(resumed[-1].removeprefix("bytes=").rstrip("-")) >= 10_000_000


def wait_until(condition: Callable[[], bool], limit_s: float = 20) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.mark.parametrize("kind", ["folder", "hub", "mirror"])
def test_fetch__disk_fills_up__is_one_sentence_and_gives_the_room_back(
    tmp_path: Path, models_dir: Path, start: Start, kind: str
) -> None:
    packed = toy_with_wheels(tmp_path / "wheels", executed=tmp_path / "executed")
    stick = packed.write(tmp_path / "stick" / "toy").parent
    packed.write(models_dir / "toy")
    (models_dir / "toy" / "model.bin").write_bytes(b"broken")
    with toy_hub(packed) as hub:
        where = {"folder": stick, "hub": hub.endpoint, "mirror": tmp_path / "wheels"}[kind]
        process = start(packed, kind, where, limit_bytes=500_000)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told.startswith("NoRoom: The disk of ")
    assert "make room" in told.lower()
    assert len(told.strip().splitlines()) == 1
    assert [path.name for path in models_dir.iterdir()] == ["toy"]
    assert (models_dir / "toy" / "model.bin").read_bytes() == b"broken"


def test_hub_client__parent_killed__ends_too(models_dir: Path, large: Toy, start: Start) -> None:
    with toy_hub(large) as hub:
        process = stalled_half_way(start, large, hub, models_dir)
        (client,) = children_of(process.pid)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        wait_until(lambda: not is_alive(client), limit_s=5)


def children_of(parent: int) -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
