from pathlib import Path

import pytest

from app.asr.device import Asked, Cuda, choose, driver_is_loaded
from app.asr.pace import hottest_c, rest_s

ALL = frozenset({"float32", "float16", "int8_float16", "int8"})


@pytest.mark.parametrize(
    ("asked", "found", "chosen"),
    [
        ("auto", Cuda(1, ALL, driver=True), ("cuda", "float16")),
        ("cuda", Cuda(1, ALL - {"float16"}, driver=True), ("cuda", "int8_float16")),
        ("cpu", Cuda(1, ALL, driver=True), ("cpu", "int8")),
        ("auto", Cuda(1, frozenset({"float32"}), driver=True), ("cpu", "int8")),
        ("cuda", Cuda(), ("cpu", "int8")),
    ],
    ids=["all", "no float16", "not wanted", "neither type", "none there"],
)
def test_choose__what_was_found__is_used_as_far_as_it_goes(asked: Asked, found: Cuda, chosen: tuple[str, str]) -> None:
    device = choose(asked, found)
    assert (device.kind, device.compute_type) == chosen
    assert device.said.endswith(f"({chosen[1]})")


def test_choose__falling_back__says_why_where_a_gpu_would_be_expected() -> None:
    assert choose("auto", Cuda()).said == "words are heard on the CPU (int8)"
    assert "built without CUDA: words" in choose("auto", Cuda(driver=True)).said
    assert "there is none" in choose("cuda", Cuda()).said


def test_driver_is_loaded__a_jetsons__is_seen(tmp_path: Path) -> None:
    assert not driver_is_loaded(tmp_path)
    (tmp_path / "sys/module/nvgpu").mkdir(parents=True)
    assert driver_is_loaded(tmp_path)


def test_rest__hotter__is_longer_and_has_an_end() -> None:
    rests = [rest_s(2.0, hot_c, 70) for hot_c in (None, 40, 70, 75, 80, 99)]
    assert rests == [0, 0, 0, 3, 6, 6]


def test_hottest__sensors_that_can_be_read__count(tmp_path: Path) -> None:
    assert hottest_c(tmp_path) is None
    for zone, said in enumerate(("61000", "72500", "off")):
        (tmp_path / f"sys/class/thermal/thermal_zone{zone}").mkdir(parents=True)
        (tmp_path / f"sys/class/thermal/thermal_zone{zone}/temp").write_text(said)
    assert hottest_c(tmp_path) == 72.5
