"""What differs from board to board, and that a Raspberry Pi's firmware finds what it asks for on the boot partition."""

import subprocess
from pathlib import Path

import pytest

IMAGE = Path(__file__).parents[2] / "image-build"
TARGETS = sorted(path.stem for path in (IMAGE / "targets").glob("*.conf"))
NEEDED = ("debian_arch", "wheels_platform", "packages", "grub_format", "grub_file", "compatible", "console")
PI = ("start4.elf", "fixup4.dat")  # what a Pi 4's first stage asks for by itself
DEVICE_TREES = ("bcm2711-rpi-4-b.dtb", "bcm2711-rpi-400.dtb", "bcm2711-rpi-cm4-io.dtb")


def sourced(target: str, script: str, **environment: str) -> str:
    lines = ["set -eu", "partition_table=gpt", "board_boot_files() { :; }", "say() { :; }", f'here="{IMAGE}"']
    lines += [f'{name}="{value}"' for name, value in environment.items()]
    lines += [f'. "$here/targets/{target}.conf"', script]
    done = subprocess.run(["/bin/bash", "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("target", TARGETS)
def test_target__each__says_all_that_the_build_asks(target: str) -> None:
    said = sourced(target, "\n".join(f'echo "${{{name}}}"' for name in NEEDED)).splitlines()
    assert all(said)
    assert len(said) == len(NEEDED)


def test_targets__bundles__fit_one_board_each() -> None:
    compatible = [sourced(target, 'echo "$compatible"').strip() for target in TARGETS]
    assert len(set(compatible)) == len(TARGETS)


def test_raspberry_pi__its_boot_partition__holds_what_firmware_and_config_ask_for(tmp_path: Path) -> None:
    root, work = tmp_path / "root", tmp_path / "work"
    trees = root / "usr/lib/linux-image-6.12.0/broadcom"
    for folder in (trees, root / "usr/lib/raspi-firmware", root / "usr/lib/u-boot/rpi_arm64", work / "boot"):
        folder.mkdir(parents=True)
    for path in (*(trees / name for name in DEVICE_TREES), *(root / "usr/lib/raspi-firmware" / name for name in PI)):
        path.write_bytes(b"it")
    (root / "usr/lib/u-boot/rpi_arm64/u-boot.bin").write_bytes(b"it")
    sourced("raspberry-pi", "board_boot_files", root=str(root), work=str(work))
    there = {path.name for path in (work / "boot").iterdir()}
    config = dict(
        line.split("=", 1) for line in (work / "boot/config.txt").read_text().splitlines() if line and line[0] != "#"
    )
    assert config["arm_64bit"] == "1"
    assert {config["kernel"], *PI, *DEVICE_TREES} <= there
    assert sourced("raspberry-pi", 'echo "$partition_table"').strip() == "hybrid"


def test_initrd__for_a_raspberry_pis_card__has_its_regulators() -> None:
    modules = (IMAGE / "initrd/modules.txt").read_text().split()
    assert {"sdhci_iproc", "fixed", "gpio_regulator", "reset_raspberrypi"} <= set(modules)
