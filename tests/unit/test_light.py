import pytest

from firmware.light import Levels, Light, RedPattern, levels


@pytest.mark.parametrize(("red", "lit"), [("off", False), ("on", True)])
def test_levels__steady_pattern__never_changes(red: RedPattern, lit: bool) -> None:  # noqa: FBT001  a table of cases
    assert {levels(Light(red, green=True), ms) for ms in range(0, 5_000, 7)} == {Levels(red=lit, green=True)}


def _edges_ms(red: RedPattern, until_ms: int) -> list[int]:
    lit = [levels(Light(red, green=False), ms).red for ms in range(until_ms)]
    return [ms for ms in range(1, until_ms) if lit[ms] != lit[ms - 1]]


def test_levels__slow_blink__changes_every_second() -> None:
    assert _edges_ms("slow_blink", 4_001) == [1_000, 2_000, 3_000, 4_000]


def test_levels__fast_blink__changes_four_times_each_half_second() -> None:
    assert _edges_ms("fast_blink", 501) == [125, 250, 375, 500]


def test_levels__double_blink__lights_twice_and_rests() -> None:
    assert _edges_ms("double_blink", 1_441) == [120, 240, 360, 1_200, 1_320, 1_440]


@pytest.mark.parametrize("red", ["on", "slow_blink", "fast_blink", "double_blink"])
def test_levels__any_lit_pattern__starts_lit(red: RedPattern) -> None:
    assert levels(Light(red, green=False), 0).red


@pytest.mark.parametrize("green", [True, False])
def test_levels__green__is_steady_whatever_red_does(green: bool) -> None:  # noqa: FBT001  a table of cases
    assert {levels(Light("double_blink", green=green), ms).green for ms in range(2_000)} == {green}


def test_levels__lamps_that_are_tried__flash_twice_in_turn_and_never_look_like_recording_or_ready() -> None:
    shown = [levels(Light("in_turn", green=False), ms) for ms in range(2 * 2_400)]
    assert Levels(red=True, green=True) not in shown
    assert {one.red for one in shown} == {one.green for one in shown} == {True, False}
    starts = [ms for ms in range(1, len(shown)) if shown[ms].red and not shown[ms - 1].red]
    assert starts == [1_200, 1_440, 3_600, 3_840]
    assert sum(one.red for one in shown) == 4 * 120
