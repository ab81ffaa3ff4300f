"""What QEMU stands in for: a mini-PC or an aarch64 board, both starting through UEFI firmware."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Hardware:
    """One kind of machine; `program` and both firmware files come from Debian's packages."""

    program: str
    machine: tuple[str, ...]
    firmware: Path
    firmware_settings: Path  # copied, since a machine writes its own
    tpm: str  # QEMU's name of the board's way to one
    page_within_s: float  # emulated, on a machine that does other things as well

    def missing(self) -> str:
        """What this machine lacks, in a sentence; empty when all is there."""
        if None in {shutil.which(self.program), shutil.which("swtpm")} or not self.firmware.exists():
            return "QEMU or its firmware is not installed. Run as root: make image-test"
        return ""


HARDWARE: Final = {
    "amd64": Hardware(
        "qemu-system-x86_64",
        ("-machine", "q35", "-cpu", "Westmere"),
        Path("/usr/share/OVMF/OVMF_CODE_4M.fd"),
        Path("/usr/share/OVMF/OVMF_VARS_4M.fd"),
        "tpm-tis",
        3000.0,
    ),
    "arm64": Hardware(
        "qemu-system-aarch64",
        ("-machine", "virt,gic-version=3", "-cpu", "cortex-a76"),
        Path("/usr/share/AAVMF/AAVMF_CODE.fd"),
        Path("/usr/share/AAVMF/AAVMF_VARS.fd"),
        "tpm-tis-device",
        6000.0,
    ),
}
