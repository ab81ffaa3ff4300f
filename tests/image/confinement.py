"""What each service is, and what it cannot do, asked of the running box."""

from dataclasses import dataclass
from typing import Final

from image.machine import Machine, MachineError

MOST_EXPOSED: Final = 1.0
UNITS: Final = ("recorder", "app", "asr", "backup", "restore", "provision", "console", "healthy", "selftest")
USERS: Final = {"recorder": "tacet-recorder", "app": "tacet-app", "asr": "tacet-asr"}

EVERYBODY: Final = ("disk", "listen", "boot", "write_elsewhere", "stop_another", "become_root", "set_the_clock")
OUT: Final = ("connect_out", "send_out")  # what a backup has to do
# What no process of this name can do. `root` can do all of it: a probe that fails there as well would show nothing.
FORBIDDEN: Final = {
    "recorder": (*EVERYBODY, *OUT, "vaults", "box_record", "certificate", "other_processes", "write_memory"),
    "app": (*EVERYBODY, *OUT, "sound", "pins", "recorders_files", "other_processes", "write_memory"),
    "asr": (
        *EVERYBODY,
        *OUT,
        "sound",
        "pins",
        "vaults",
        "box_record",
        "certificate",
        "tapes",
        "recorders_files",
        "other_processes",
    ),
    "backup": (*EVERYBODY, "sound", "pins", "certificate", "other_processes", "write_memory"),
}
AS_ROOT: Final = "setpriv --regid=tacet-backup --clear-groups"
LEFT_OUT: Final = (  # of the service's own unit, in the copy that runs a probe
    "ExecStart=",
    "Type=",
    "Restart",
    "Watchdog",
    "NotifyAccess=",
    "Requires=",
    "RemainAfterExit=",
    "Sockets=",
)


@dataclass(frozen=True, slots=True)
class Tried:
    service: str
    probe: str
    outcome: str

    @property
    def refused(self) -> bool:
        return self.outcome.startswith("refused")


def users(box: Machine) -> dict[str, str]:
    """The user of each service's main process."""
    found = {}
    for name in USERS:
        pid = box.out("systemctl", "show", "-P", "MainPID", f"tacet-{name}.service")
        found[name] = box.shell(f"stat -c %U /proc/{pid}") if pid != "0" else "not running"
    return found


def exposures(box: Machine) -> dict[str, float]:
    """How exposed systemd in the box judges each unit, from 0 to 10."""
    found = {}
    for name in UNITS:
        said = box.shell(f"systemd-analyze security --no-pager tacet-{name}.service | grep -F 'Overall exposure'")
        found[name] = float(said.split(":")[1].split()[0])
    return found


def probed(box: Machine, service: str) -> list[Tried]:
    """Every forbidden thing, tried by a copy of the service's unit: all of its confinement, another program."""
    dropped = "".join(f"/^{word}/d;" for word in LEFT_OUT)
    unit, result = f"/run/systemd/system/probe-{service}.service", f"/run/probe-{service}"
    names = " ".join(FORBIDDEN[service])
    box.shell(
        f"sed -e '{dropped}/^\\[Install\\]/,$d' /usr/lib/systemd/system/tacet-{service}.service >{unit};"
        f"printf 'Type=oneshot\\nExecStart=/usr/bin/python3 -I /opt/probes.py {names}\\n"
        f"StandardOutput=truncate:{result}\\nStandardError=inherit\\n' >>{unit};"
        f"systemctl daemon-reload; systemctl start probe-{service}.service",
        within_s=400,
    )
    return _read(service, box.shell(f"cat {result}"), FORBIDDEN[service])


def possible(box: Machine) -> list[Tried]:
    """The same, tried by root without any confinement, in the one group that may call a server."""
    names = sorted({name for forbidden in FORBIDDEN.values() for name in forbidden})
    return _read("root", box.shell(f"{AS_ROOT} python3 -I /opt/probes.py " + " ".join(names), within_s=400), names)


def _read(service: str, said: str, names: tuple[str, ...] | list[str]) -> list[Tried]:
    outcomes = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    missing = set(names) - set(outcomes)
    if missing:
        raise MachineError(f"Of {service} nothing came for {', '.join(sorted(missing))}: {said[-400:]}")
    return [Tried(service, name, outcomes[name]) for name in names]


def failed_units(box: Machine) -> list[str]:
    return [line.split()[0] for line in box.shell("systemctl --failed --plain --no-legend").splitlines() if line]
