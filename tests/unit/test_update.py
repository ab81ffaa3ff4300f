import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.errors import TacetError
from tacet.update import confirm, confirm_patiently, give_back, install, look, newest, run_program, running_version


@dataclass
class Machine:
    """What its programs answer, and what they were asked for."""

    version: str = "0.2.0.7"
    doing: str = "ready"
    stopped: str = ""
    other: str = "good"
    failed: str = ""  # the version that lies in the other slot
    versions: dict[str, str] | None = None  # by file; one that is not named is refused
    asked: list[str] = field(default_factory=list)

    def run(self, command: list[str]) -> str:
        self.asked.append(" ".join(command))
        if command[:2] == ["rauc", "info"]:
            if self.versions is not None:
                return self._on_stick(command[-1])
            return json.dumps({"version": self.version})
        if "StatusText" in command:
            return f"{self.doing}\n"
        if command[:2] == ["rauc", "status"] and command[-1] == "--output-format=json":
            return self._slots()
        if command[:2] == ["systemctl", "start"] and self.stopped:
            raise TacetError("systemctl start refused: Job for tacet-healthy.service failed.")
        return "failed\n" if command[-1] == self.stopped else "active\n"

    def _slots(self) -> str:
        slots = [{"rootfs.1": {"state": "booted", "boot_status": "good"}}]
        if self.other:
            holds = {"bundle": {"version": self.failed}, "status": "ok"}
            slots += [{"rootfs.0": {"state": "inactive", "boot_status": self.other, "slot_status": holds}}]
        return json.dumps({"booted": "B", "slots": slots})

    def _on_stick(self, path: str) -> str:
        assert self.versions is not None
        if Path(path).name not in self.versions:
            raise TacetError("rauc info refused: signature verification failed")
        return json.dumps({"version": self.versions[Path(path).name]})


BUNDLE = Path("/media/stick/tacet.raucb")


def test_install__a_newer_version__goes_into_the_other_slot() -> None:
    machine = Machine()
    assert install(BUNDLE, "0.2.0.6", machine.run) == "0.2.0.7"
    assert machine.asked[-1] == f"rauc install {BUNDLE}"


@pytest.mark.parametrize("stopped", ["", "tacet-app.service"])
def test_install__before_the_running_version_is_known_to_work__waits_for_it(stopped: str) -> None:
    machine = Machine(stopped=stopped)
    install(BUNDLE, "0.2.0.6", machine.run)
    waited, installed = map(machine.asked.index, ("systemctl start tacet-healthy.service", f"rauc install {BUNDLE}"))
    assert waited < installed


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


@pytest.fixture
def sticks(tmp_path: Path) -> Path:
    for name in ("one/a.raucb", "one/b.raucb", "two/c.raucb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_look__several_bundles__installs_the_newest_and_starts_it(sticks: Path) -> None:
    machine = Machine(versions={"a.raucb": "0.2.0.9", "c.raucb": "0.2.0.10"})
    said = look(sticks, "0.2.0.6", machine.run)
    assert machine.asked[-1] == "systemctl reboot"
    assert f"rauc install {sticks}/two/c.raucb" in machine.asked
    assert said[0].startswith("b.raucb was not taken: ")
    assert "0.2.0.10" in said[1]


def test_look__nothing_newer__installs_nothing(sticks: Path) -> None:
    machine = Machine(versions={"a.raucb": "0.2.0.6"})
    with pytest.raises(TacetError, match="Take a newer one"):
        look(sticks, "0.2.0.6", machine.run)
    assert not {"systemctl reboot"} & set(machine.asked)


def test_look__a_version_that_failed_here__is_left_for_the_next_best(sticks: Path) -> None:
    versions = {"a.raucb": "0.2.0.7", "b.raucb": "0.2.0.9", "c.raucb": "0.2.0.8"}
    machine = Machine(versions=versions, other="bad", failed="0.2.0.9")
    said = look(sticks, "0.2.0.6", machine.run)
    assert said[0].startswith("b.raucb was not taken: Version 0.2.0.9 was tried on this box")
    assert f"rauc install {sticks / 'two/c.raucb'}" in machine.asked


def test_look__a_version_that_works_in_the_other_slot__may_be_taken_again(sticks: Path) -> None:
    machine = Machine(versions={"a.raucb": "0.2.0.9"}, other="good", failed="0.2.0.9")
    assert "starts again" in look(sticks, "0.2.0.6", machine.run)[-1]


def test_look__no_stick_and_a_stick_without_a_bundle__say_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert look(tmp_path, "0.2.0.6", Machine().run) == ("There is no update on a stick.",)
    assert newest(tmp_path / "nowhere", Machine().run) == (None, ())


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


def test_confirm_patiently__a_process_that_starts_late__is_waited_for() -> None:
    machine = Machine(stopped="tacet-app.service")

    def app_starts() -> None:
        machine.stopped = ""

    confirm_patiently(machine.run, app_starts)
    assert machine.asked[-1] == "rauc status mark-good"


def test_confirm_patiently__a_process_that_never_starts__gives_up() -> None:
    machine, pauses = Machine(stopped="tacet-app.service"), []
    with pytest.raises(TacetError, match=r"tacet-app\.service"):
        confirm_patiently(machine.run, lambda: pauses.append(1), tries=3)
    assert len(pauses) == 2
    assert "rauc status mark-good" not in machine.asked


def test_give_back__a_version_that_never_worked__starts_the_other_one() -> None:
    machine = Machine()
    assert give_back("0.2.0.7", "0.2.0.6", machine.run) is None
    assert machine.asked[-2:] == ["rauc status mark-bad", "systemctl reboot"]


@pytest.mark.parametrize(("kept", "other"), [("0.2.0.7", "good"), ("0.2.0.6", "bad"), (None, "bad"), (None, "")])
def test_give_back__a_kept_version_or_no_other_one__stays(kept: str | None, other: str) -> None:
    machine = Machine(other=other)
    assert "stays" in (give_back("0.2.0.7", kept, machine.run) or "")
    assert not {"rauc status mark-bad", "systemctl reboot"} & set(machine.asked)


def test_give_back__during_a_session__waits() -> None:
    machine = Machine(doing="recording")
    with pytest.raises(TacetError, match="session is going on"):
        give_back("0.2.0.7", None, machine.run)
    assert "systemctl reboot" not in machine.asked


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
