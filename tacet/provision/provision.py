"""What happens at every start before anything else of the box: identity, and what tacet.toml says.

A file with a mistake changes nothing: the last good one stands (or none, at the first start), and the mistakes are told
on the console, on the page and by the light, since the recorder then has a reason not to be ready.
"""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.durable import write_private
from app.errors import TacetError
from tacet.config.check import check_bytes
from tacet.config.problem import Problem
from tacet.config.sections import NetworkSection
from tacet.provision.clinic_certificate import take_in
from tacet.provision.codes import take_its_code, take_pools_code
from tacet.provision.identity import box_id, own_name
from tacet.provision.network_file import network_file, wired_ports
from tacet.provision.wired import FOLDER, take_in_wired
from tacet.provision.wired_file import FILE
from tacet.settings import BoxSettings, check_settings, write_settings

PAGE_PORT = 443  # where tacet-app.socket listens
GOOD_FILE = "tacet.toml"
PROBLEMS_FILE = "problems"

Run = Callable[[list[str]], None]


@dataclass(frozen=True, slots=True)
class Places:
    """Where provisioning reads and writes; a box has the defaults."""

    boot: Path = Path("/boot/tacet")  # the FAT partition, which anybody may edit
    identity: Path = Path("/var/lib/tacet/identity")  # kept
    invited: Path = Path("/var/lib/tacet/pool-invited")  # where the pool's link finds its code
    effective: Path = Path("/run/tacet-config")  # what the processes read
    network: Path = Path("/run/systemd/network")
    etc: Path = Path("/etc")  # in memory on a box
    zones: Path = Path("/usr/share/zoneinfo")
    ports: Path = Path("/sys/class/net")


@dataclass(frozen=True, slots=True)
class Provisioned:
    name: str
    problems: tuple[Problem, ...]  # of tacet.toml
    wired: tuple[Problem, ...] = ()  # of the files for 802.1X

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is wrong, each with its file and line."""
        wired = (f"{FOLDER}/{FILE}, {problem}" for problem in self.wired)
        return (*(f"{GOOD_FILE}, {problem}" for problem in self.problems), *wired)


def provision(places: Places, run: Run) -> Provisioned:
    """Take in the file and write what follows from it. `run` carries a command to the running system.

    Raises:
        TacetError: The box cannot keep its identity: its storage is at fault.
    """
    try:
        written, problems = _wanted(places)
        name = written.get("box", {}).get("name") or own_name(box_id(places.identity))
        own = take_in(places.boot, places.identity)
        wired = take_in_wired(places.boot, places.identity)
        done = Provisioned(name, problems, wired.problems)
        settings = _write(places, _effective(written, done, own), name)
        ports = _wired_ports(places, settings.network, wired.text)
    except OSError as error:
        what = f"The box cannot prepare itself ({error.strerror}: {error.filename})."
        raise TacetError(f"{what} Its storage may be damaged; replace it.") from error
    run(["hostnamectl", "--transient", "set-hostname", name])
    for port in ports:
        run(["systemctl", "--no-block", "start", f"wpa_supplicant-wired@{port}.service"])
    return done


def _wanted(places: Places) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """What counts from now on, and what is wrong with the file on the boot partition."""
    good = places.identity / GOOD_FILE
    try:
        content = (places.boot / "tacet.toml").read_bytes()
    except OSError:
        return _kept(good), (Problem(1, "", "tacet.toml is not on the boot partition.", "Put it back, also if empty."),)
    written, problems = check_bytes(content)
    if problems:
        return _kept(good), problems
    file = places.boot / "tacet.toml"
    content, problem = take_pools_code(file, content, written, places.invited)
    if problem is None:
        content, problem = take_its_code(file, content, written, places.identity)
    if problem is not None:
        return _kept(good), (problem,)
    written, _ = check_bytes(content)
    if not good.exists() or good.read_bytes() != content:
        write_private(good, content)
    return written, ()


def _kept(good: Path) -> dict[str, Any]:
    """The last file that was right; a version that has lost one of its settings begins with none."""
    try:
        written, problems = check_bytes(good.read_bytes())
    except OSError:
        return {}
    return {} if problems else written


def _effective(written: dict[str, Any], done: Provisioned, certificate: dict[str, str]) -> dict[str, Any]:
    """What the processes get: the file, and what the box knows better."""
    app = certificate | dict(written.get("app", {})) | {"name": done.name, "port": PAGE_PORT}
    recorder = dict(written.get("recorder", {}))
    if done.sentences:
        told = {"configuration_problem": f"{done.sentences[0]} Tell clinic IT."}
        recorder, app = recorder | told, app | told
    return written | {"app": app, "recorder": recorder}


def _write(places: Places, effective: dict[str, Any], name: str) -> BoxSettings:
    settings = check_settings(effective, "tacet.toml")
    for folder in (places.effective, places.network):
        folder.mkdir(parents=True, exist_ok=True)
    write_settings(places.effective / "tacet.toml", effective)
    (places.effective / "tacet.toml").chmod(0o644)  # no secrets in it; three users read it
    link = places.network / "10-tacet.network"
    link.write_text(network_file(settings.network), encoding="ascii")
    link.chmod(0o644)
    (places.etc / "hostname").write_text(f"{name}\n", encoding="ascii")
    (places.etc / "hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {name}\n", encoding="ascii")
    local_time = places.etc / "localtime"
    local_time.unlink(missing_ok=True)
    local_time.symlink_to(places.zones / settings.box.time_zone)
    return settings


def _wired_ports(places: Places, network: NetworkSection, text: str) -> tuple[str, ...]:
    """Leave the port's file for wpa_supplicant, and give the ports; none where the clinic asks for no 802.1X."""
    if not text:
        return ()
    ports = (network.interface,) if network.interface else wired_ports(places.ports)
    (places.etc / "wpa_supplicant").mkdir(exist_ok=True)
    for port in ports:
        write_private(places.etc / f"wpa_supplicant/wpa_supplicant-wired-{port}.conf", text.encode())
    return ports


def run_command(command: list[str]) -> None:
    """A system that does not take the name now takes it from /etc/hostname at the next start."""
    subprocess.run(command, check=False, stderr=subprocess.DEVNULL, timeout=30)
