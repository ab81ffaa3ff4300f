"""Trying button and lights: what a person sees and does beside the box, and that no session is ever touched by it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake_box import FakeBox

from firmware.inbox import Quit
from firmware.light import Light
from firmware.status import BoxState, Trial, TryLight
from firmware.trials import TRIAL, TRIAL_MS


@pytest.fixture
def box(tmp_path: Path) -> Iterator[FakeBox]:
    box = FakeBox(tmp_path)
    box.pass_time(2_000)
    yield box
    box.command(Quit())


def test_trial__nothing_was_tried__says_so(box: FakeBox) -> None:
    assert (box.status.parts.button, box.status.parts.light) == (Trial.NOT_TRIED, Trial.NOT_TRIED)
    assert box.status.parts.microphone is Trial.WORKS


def test_trial__asked_for__green_and_red_flash_in_turn_and_red_is_never_steady(box: FakeBox) -> None:
    box.command(TryLight())
    assert box.status.light == TRIAL
    seen, red_ms = set(), 0
    for _ in range(250):
        box.pass_time(20)
        shown = box.panel.shown()
        seen.add(tuple(shown))
        red_ms = red_ms + 20 if shown.red else 0
        assert red_ms <= 140  # a flash, to the loop's own step
    assert seen == {(True, False), (False, True), (False, False)}


@pytest.mark.parametrize("prepared", [True, False])
def test_trial__pressed__works_and_starts_nothing(box: FakeBox, prepared: bool) -> None:  # noqa: FBT001  a table of cases
    if prepared:
        box.prepare()
    state = box.status.state
    box.command(TryLight())
    box.press()
    box.pass_time(500)
    parts = box.status.parts
    assert (parts.button, parts.light, parts.trying) == (Trial.WORKS, Trial.WORKS, False)
    assert box.status.state is state
    assert "microphone opened" not in box.history
    assert box.status.light == (Light("off", green=True) if prepared else Light("double_blink", green=False))


def test_trial__the_press_after_it__records(box: FakeBox) -> None:
    box.prepare()
    box.command(TryLight())
    box.press()
    box.press()
    assert box.status.state is BoxState.RECORDING


def test_trial__a_finger_down_when_its_time_is_over__is_still_the_trials(box: FakeBox) -> None:
    box.prepare()
    box.command(TryLight())
    box.pass_time(TRIAL_MS - 500)
    box.panel.press()
    box.pass_time(1_000)
    box.panel.release()
    box.pass_time(500)
    assert box.status.state is BoxState.READY
    assert box.status.parts.light is Trial.WORKS


def test_trial__nobody_comes__ends_and_nothing_counts_as_tried(box: FakeBox) -> None:
    box.command(TryLight())
    box.pass_time(TRIAL_MS + 100)
    assert box.status.light == Light("double_blink", green=False)
    assert box.status.parts.light is Trial.NOT_TRIED


def test_trial__a_lamp_that_does_not_answer__is_broken(box: FakeBox) -> None:
    box.panel.red_is_broken = True
    box.command(TryLight())
    box.pass_time(2_000)  # green comes first
    assert box.status.parts.light is Trial.BROKEN
    assert not box.status.parts.trying


@pytest.mark.parametrize("state", [BoxState.RECORDING, BoxState.PAUSED])
def test_trial__asked_for_during_a_session__changes_nothing(box: FakeBox, state: BoxState) -> None:
    box.prepare()
    for _ in range(1 if state is BoxState.RECORDING else 2):
        box.press()
    light = box.status.light
    box.command(TryLight())
    box.pass_time(200, speaking=True)
    assert (box.status.state, box.status.light, box.status.parts.trying) == (state, light, False)


def test_trial__the_box_becomes_ready_meanwhile__shows_that(box: FakeBox) -> None:
    box.command(TryLight())
    box.prepare()
    assert box.status.light == Light("off", green=True)
    assert not box.status.parts.trying


def test_press__without_a_trial__shows_that_the_button_works_also_after_a_restart(box: FakeBox, tmp_path: Path) -> None:
    box.press()
    box.pass_time(1_500)
    assert box.status.parts.button is Trial.WORKS
    box.command(Quit())
    again = FakeBox(tmp_path)
    again.pass_time(500)
    assert (again.status.parts.button, again.status.parts.light) == (Trial.WORKS, Trial.NOT_TRIED)
    again.command(Quit())


def test_button__down_since_the_start__is_stuck_until_it_is_let_go(tmp_path: Path) -> None:
    held = FakeBox(tmp_path)
    held.panel.press()
    held.recorder._button = type(held.recorder._button)(
        raw_down=True, raw_since_ms=held.now_ms, down=True, down_since_ms=held.now_ms, spent=True
    )
    held.pass_time(31_000)
    assert held.status.parts.button is Trial.BROKEN
    held.panel.release()
    held.pass_time(100)
    assert held.status.parts.button is Trial.NOT_TRIED
    held.command(Quit())
