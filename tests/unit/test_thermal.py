from pathlib import Path

import pytest

from firmware.thermal import UNDER_VOLTAGE, Thermal


def zone(root: Path, index: int, text: str) -> None:
    folder = root / f"sys/class/thermal/thermal_zone{index}"
    folder.mkdir(parents=True)
    (folder / "temp").write_text(text)


def alarm(root: Path, name: str, level: str) -> None:
    folder = root / "sys/class/hwmon/hwmon0"
    folder.mkdir(parents=True)
    (folder / "name").write_text(name + "\n")
    (folder / "in0_lcrit_alarm").write_text(level + "\n")


def vcgencmd(folder: Path, says: str) -> str:
    program = folder / "vcgencmd"
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(0o755)
    return str(program)


def reasons(root: Path, program: str | None = None) -> tuple[str, ...]:
    return Thermal(80.0, root, program).reasons()


def test_thermal__board_that_tells_nothing__has_no_reasons(tmp_path: Path) -> None:
    assert reasons(tmp_path) == ()


def test_thermal__below_the_limit__has_no_reasons(tmp_path: Path) -> None:
    zone(tmp_path, 0, "79900\n")
    assert reasons(tmp_path) == ()


def test_thermal__one_zone_at_the_limit__names_the_hottest(tmp_path: Path) -> None:
    zone(tmp_path, 0, "41000\n")
    zone(tmp_path, 1, "84300\n")
    zone(tmp_path, 2, "off\n")
    (reason,) = reasons(tmp_path)
    assert "(84 °C)" in reason


@pytest.mark.parametrize(
    ("name", "level", "told"),
    [("rpi_volt", "1", (UNDER_VOLTAGE,)), ("rpi_volt", "0", ()), ("other", "1", ())],
)
def test_thermal__kernel_watches_the_voltage__is_believed(
    tmp_path: Path, name: str, level: str, told: tuple[str, ...]
) -> None:
    alarm(tmp_path, name, level)
    assert reasons(tmp_path) == told


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("echo throttled=0x50005", (UNDER_VOLTAGE,)),
        ("echo throttled=0x50000", ()),  # it was low once, and is not now
        ("echo throttled=0x0", ()),
        ("echo nonsense", ()),
        ("exit 1", ()),
    ],
)
def test_thermal__firmware_is_asked__only_where_the_kernel_is_silent(
    tmp_path: Path, says: str, told: tuple[str, ...]
) -> None:
    assert reasons(tmp_path, vcgencmd(tmp_path, says)) == told


def test_thermal__firmware_hangs__is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware.thermal._VCGENCMD_TIMEOUT_S", 0.1)
    assert reasons(tmp_path, vcgencmd(tmp_path, "exec sleep 20")) == ()
