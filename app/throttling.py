"""Whether the board runs slower than it could, for heat or for want of power, as the kernel tells it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

NOT_SLOWED = "no"


def slowed_down(root: Path = Path("/")) -> str:
    """Say it in a few words: now, earlier since the start, or not at all. `root` is where sys/ is."""
    found = [*_cooled_now(root), *_counted(root), *_weak_supply(root)]
    return "; ".join(found) or NOT_SLOWED


def slows_now(root: Path = Path("/")) -> bool:
    """Whether it runs slower at this moment, whatever was before."""
    return any(True for found in (_cooled_now(root), _weak_supply(root)) for _ in found)


def _cooled_now(root: Path) -> Iterator[str]:
    """The kernel lowers a processor's speed through a cooling device."""
    for device in root.glob("sys/class/thermal/cooling_device*"):
        kind = _read(device / "type")
        if kind.startswith(("cpufreq", "thermal-cpufreq", "Processor")) and _read(device / "cur_state") not in {
            "",
            "0",
        }:
            yield "now, to cool down"
            return


def _counted(root: Path) -> Iterator[str]:
    """Intel's processors slow down by themselves, and count it."""
    counts = root.glob("sys/devices/system/cpu/cpu*/thermal_throttle/core_throttle_count")
    times = max((int(count) for count in map(_read, counts) if count.isdigit()), default=0)
    if times:
        yield f"{times:,} times for heat since the start"


def _weak_supply(root: Path) -> Iterator[str]:
    for alarm in root.glob("sys/class/hwmon/hwmon*/in0_lcrit_alarm"):
        if _read(alarm.with_name("name")) == "rpi_volt" and _read(alarm) == "1":
            yield "now, for the power supply is too weak"


def _read(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text().strip()
    return ""
