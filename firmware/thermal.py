"""Whether the board is too hot or its supply too weak for an hour of recording."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

UNDER_VOLTAGE = "The power supply is too weak for the box. Use the one that belongs to it, with its own cable."
_UNDER_VOLTAGE_NOW: Final = 0x1  # Source: raspberrypi.com/documentation/computers/os.html#get_throttled
_VCGENCMD_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Thermal:
    """Asks the kernel, and the Raspberry Pi's firmware where there is one; no answer is no reason."""

    limit_c: float
    root: Path = Path("/")  # where sys/ is
    vcgencmd: str | None = shutil.which("vcgencmd")

    def reasons(self) -> tuple[str, ...]:
        """Sentences for the page."""
        found = [
            f"The box is too hot to begin a session ({hot_c:.0f} °C). Give it air, and wait until it has cooled down."
            for hot_c in sorted(self._temperatures_c())[-1:]
            if hot_c >= self.limit_c
        ]
        return (*found, UNDER_VOLTAGE) if self._has_under_voltage() else tuple(found)

    def _temperatures_c(self) -> list[float]:
        found = []
        for path in self.root.glob("sys/class/thermal/thermal_zone*/temp"):
            with contextlib.suppress(OSError, ValueError):  # a zone that is switched off refuses to be read
                found.append(int(path.read_text()) / 1000)
        return found

    def _has_under_voltage(self) -> bool:
        """Newer kernels tell it to everybody; the firmware tells it only to who may open /dev/vcio."""
        for alarm in self.root.glob("sys/class/hwmon/hwmon*/in0_lcrit_alarm"):
            with contextlib.suppress(OSError):
                if alarm.with_name("name").read_text().strip() == "rpi_volt":
                    return alarm.read_text().strip() == "1"
        return bool(self._throttled() & _UNDER_VOLTAGE_NOW)

    def _throttled(self) -> int:
        if self.vcgencmd is None:
            return 0
        try:
            command = [self.vcgencmd, "get_throttled"]
            answer = subprocess.check_output(command, timeout=_VCGENCMD_TIMEOUT_S, stderr=subprocess.DEVNULL)
            return int(answer.decode("ascii", "replace").strip().removeprefix("throttled="), 16)
        except (OSError, subprocess.SubprocessError, ValueError):
            return 0
