import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tacet.processes import Service, running

KEEPS_RUNNING = "import sys, time; open(sys.argv[1], 'a').write('started\\n'); time.sleep(60)"


class Script(Service):
    """Any Python instead of a tacet command."""

    @property
    def command(self) -> list[str]:
        setpriv = super().command[:3]
        assert setpriv[0].endswith("setpriv")
        return [*setpriv, sys.executable, "-c", *self.arguments]


def starts(path: Path) -> int:
    return path.read_text().count("started") if path.exists() else 0


async def until(path: Path, number: int) -> None:
    async with asyncio.timeout(20):
        while starts(path) < number:  # noqa: ASYNC110  another process writes
            await asyncio.sleep(0.05)


def test_running__a_service_that_ends__is_started_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"

    async def scene() -> None:
        async with running([Script("brief", (KEEPS_RUNNING.replace("60", "0"), str(log)))]):
            await until(log, 2)

    asyncio.run(scene())
    assert "brief ended with code 0" in capfd.readouterr().err


def test_running__left__ends_even_a_service_that_will_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tacet.processes.ENDS_WITHIN_S", 0.5)
    log = tmp_path / "log"
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + KEEPS_RUNNING
    pids: list[str] = []

    async def scene() -> None:
        async with running([Script("stubborn", (stubborn, str(log)))]):
            await until(log, 1)
            pids.extend(_children())

    asyncio.run(scene())
    assert pids
    assert not set(pids) & set(_children())


def test_running__an_error_inside__ends_the_services_and_comes_out(tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def scene() -> None:
        async with running([Script("kept", (KEEPS_RUNNING, str(log)))]):
            await until(log, 1)
            raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(scene())
    assert not _children()


def test_running__its_own_process_killed__leaves_no_orphan(tmp_path: Path) -> None:
    log, pid_file = tmp_path / "log", tmp_path / "pid"
    service = f"import os; open({str(pid_file)!r}, 'w').write(str(os.getpid())); {KEEPS_RUNNING}"
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, service, str(log), str(Path(__file__).parents[1])])
    deadline = time.monotonic() + 20
    while not starts(log):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    child = int(pid_file.read_text())
    while _lives(child):
        assert time.monotonic() < deadline, "the service outlived the one that started it"
        time.sleep(0.05)


_PARENT = """
import asyncio, sys
sys.path.insert(0, sys.argv[3])
from integration.test_processes import Script, running
async def scene():
    async with running([Script("kept", (sys.argv[1], sys.argv[2]))]):
        await asyncio.sleep(60)
asyncio.run(scene())
"""


def _children() -> list[str]:
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
    except FileNotFoundError:
        return False
    return state != "Z"
