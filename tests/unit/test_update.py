import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.errors import TacetError
from tacet.update import confirm, install, run_program, running_version


@dataclass
class Machine:
    """What its programs answer, and what they were asked for."""

    version: str = "0.2.0.7"
    doing: str = "ready"
    stopped: str = ""
    asked: list[str] = field(default_factory=list)

    def run(self, command: list[str]) -> str:
        self.asked.append(" ".join(command))
        if command[:2] == ["rauc", "info"]:
            return json.dumps({"version": self.version})
        if "StatusText" in command:
            return f"{self.doing}\n"
        return "failed\n" if command[-1] == self.stopped else "active\n"


BUNDLE = Path("/media/stick/tacet.raucb")


def test_install__a_newer_version__goes_into_the_other_slot() -> None:
    machine = Machine()
    assert install(BUNDLE, "0.2.0.6", machine.run) == "0.2.0.7"
    assert machine.asked[-1] == f"rauc install {BUNDLE}"


@pytest.mark.parametrize(
    ("running", "offered"), [("0.2.0.7", "0.2.0.7"), ("0.10.0.1", "0.9.0.9"), ("0.2.0.10", "0.2.0.9")]
)
def test_install__an_older_or_the_same_version__is_refused(running: str, offered: str) -> None:
    machine = Machine(version=offered)
    with pytest.raises(TacetError, match="newer"):
        install(BUNDLE, running, machine.run)
    assert not any("rauc install" in asked for asked in machine.asked)


@pytest.mark.parametrize("doing", ["recording", "paused", "fault", "erasing", "confirming"])
def test_install__during_a_session__is_refused(doing: str) -> None:
    machine = Machine(doing=doing)
    with pytest.raises(TacetError, match="session is going on"):
        install(BUNDLE, "0.1", machine.run)
    assert not any("rauc install" in asked for asked in machine.asked)


def test_confirm__everything_runs__keeps_the_slot() -> None:
    machine = Machine()
    confirm(machine.run)
    assert machine.asked[-1] == "rauc status mark-good"


@pytest.mark.parametrize("unit", ["tacet-recorder.service", "tacet-app.service", "tacet-asr.service"])
def test_confirm__something_does_not_run__keeps_nothing(unit: str) -> None:
    machine = Machine(stopped=unit)
    with pytest.raises(TacetError, match=unit):
        confirm(machine.run)
    assert "rauc status mark-good" not in machine.asked


def test_running_version__of_an_image_and_of_a_checkout(tmp_path: Path) -> None:
    path = tmp_path / "os-release"
    path.write_text("ID=debian\nIMAGE_ID=tacet\nIMAGE_VERSION=0.1.0.151\n")
    assert running_version(path) == "0.1.0.151"
    path.write_text("ID=debian\n")
    with pytest.raises(TacetError, match="not run from an image"):
        running_version(path)


def test_run_program__that_fails_or_is_not_there__says_its_last_line() -> None:
    with pytest.raises(TacetError, match=r"refused: .*nowhere"):
        run_program([shutil.which("ls") or "ls", "/nowhere"])
    with pytest.raises(TacetError, match="not on this machine"):
        run_program(["no-such-program"])
