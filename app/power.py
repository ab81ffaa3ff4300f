"""Whether this machine runs on a battery, as the kernel tells it; a box that knows of none does not."""

import contextlib
from pathlib import Path


def on_battery(root: Path = Path("/")) -> bool:
    """`root` is where sys/ is. A battery of a device that is plugged into this machine does not count."""
    return any(
        _read(part / "type") == "Battery"
        and _read(part / "scope") != "Device"
        and _read(part / "status") == "Discharging"
        for part in root.glob("sys/class/power_supply/*")
    )


def _read(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text().strip()
    return ""
