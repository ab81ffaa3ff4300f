"""Whether the board runs slower than it could, on files as the kernel has them."""

from pathlib import Path

from app.throttling import slowed_down


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(f"{text}\n")


def test_slowed_down__a_board_without_any_of_it__says_no(tmp_path: Path) -> None:
    assert slowed_down(tmp_path) == "no"


def test_slowed_down__a_processor_that_is_being_cooled__says_now(tmp_path: Path) -> None:
    put(tmp_path, "sys/class/thermal/cooling_device0/type", "pwm-fan")
    put(tmp_path, "sys/class/thermal/cooling_device0/cur_state", "3")
    put(tmp_path, "sys/class/thermal/cooling_device1/type", "cpufreq-cpu0")
    put(tmp_path, "sys/class/thermal/cooling_device1/cur_state", "0")
    assert slowed_down(tmp_path) == "no"
    put(tmp_path, "sys/class/thermal/cooling_device1/cur_state", "2")
    assert slowed_down(tmp_path) == "now, to cool down"


def test_slowed_down__counted_by_the_processor__says_how_often(tmp_path: Path) -> None:
    put(tmp_path, "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "12")
    put(tmp_path, "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "7")
    assert slowed_down(tmp_path) == "12 times for heat since the start"


def test_slowed_down__a_raspberry_pis_weak_supply__is_told(tmp_path: Path) -> None:
    put(tmp_path, "sys/class/hwmon/hwmon1/name", "rpi_volt")
    put(tmp_path, "sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1")
    assert "power supply" in slowed_down(tmp_path)
