import pytest

from firmware.button import DEBOUNCE_MS, HOLD_MS, LONG_HOLD_MS, ButtonState, Gesture, at_start, step, tick

TICK_MS = 20


class Finger:
    """Moves the contact at given times and ticks in between, as the recorder's loop does."""

    def __init__(self, *, down_at_start: bool = False) -> None:
        self.now_ms = 0
        self.state: ButtonState = at_start(raw_down=down_at_start, now_ms=0)
        self.gestures: list[tuple[int, Gesture]] = []

    def _take(self, outcome: tuple[ButtonState, tuple[Gesture, ...]]) -> None:
        self.state, gestures = outcome
        self.gestures += [(self.now_ms, gesture) for gesture in gestures]

    def wait(self, ms: int) -> None:
        for _ in range(ms // TICK_MS):
            self.now_ms += TICK_MS
            self._take(tick(self.state, self.now_ms))
        self.now_ms += ms % TICK_MS

    def move(self, *, down: bool) -> None:
        self._take(step(self.state, raw_down=down, now_ms=self.now_ms))

    def press(self, ms: int) -> None:
        self.move(down=True)
        self.wait(ms)
        self.move(down=False)
        self.wait(100)

    def bounce(self, *, to_down: bool) -> None:
        for level in (to_down, not to_down, to_down, not to_down, to_down):
            self.move(down=level)
            self.now_ms += 3

    @property
    def meant(self) -> list[Gesture]:
        return [gesture for _, gesture in self.gestures]


@pytest.mark.parametrize("pressed_ms", [DEBOUNCE_MS, 60, 200, 1_000, HOLD_MS - 1])
def test_button__let_go_before_the_hold__is_a_short_press(pressed_ms: int) -> None:
    finger = Finger()
    finger.press(pressed_ms)
    assert finger.meant == [Gesture.SHORT_PRESS]


@pytest.mark.parametrize("pressed_ms", [HOLD_MS, HOLD_MS + 1, 4_000, LONG_HOLD_MS - 1])
def test_button__let_go_after_two_seconds__is_one_hold_and_no_press(pressed_ms: int) -> None:
    finger = Finger()
    finger.press(pressed_ms)
    assert finger.meant == [Gesture.HOLD]


def test_button__held_for_less_than_six_seconds__says_nothing_before_it_is_let_go() -> None:
    finger = Finger()
    finger.move(down=True)
    finger.wait(LONG_HOLD_MS - TICK_MS)
    assert finger.meant == []


@pytest.mark.parametrize("pressed_ms", [LONG_HOLD_MS, LONG_HOLD_MS + 1, 20_000, 60_000])
def test_button__held_for_six_seconds__is_a_long_hold_let_go(pressed_ms: int) -> None:
    finger = Finger()
    finger.press(pressed_ms)
    assert finger.meant == [Gesture.LONG_HOLD, Gesture.LET_GO]


def test_button__long_hold__is_told_once_while_the_finger_is_still_down() -> None:
    finger = Finger()
    finger.move(down=True)
    finger.wait(20_000)
    assert finger.gestures == [(LONG_HOLD_MS, Gesture.LONG_HOLD)]


def test_button__press_after_a_long_hold__is_a_press_again() -> None:
    finger = Finger()
    finger.press(LONG_HOLD_MS)
    finger.press(100)
    assert finger.meant == [Gesture.LONG_HOLD, Gesture.LET_GO, Gesture.SHORT_PRESS]


@pytest.mark.parametrize("glitch_ms", [0, 1, 10, DEBOUNCE_MS - 1])
def test_button__glitch_shorter_than_the_debounce__means_nothing(glitch_ms: int) -> None:
    finger = Finger()
    finger.press(glitch_ms)
    finger.wait(5_000)
    assert finger.meant == []


def test_button__bouncing_contact__is_still_one_press() -> None:
    finger = Finger()
    finger.bounce(to_down=True)
    finger.wait(200)
    finger.bounce(to_down=False)
    finger.wait(200)
    assert finger.meant == [Gesture.SHORT_PRESS]


def test_button__short_break_during_a_hold__does_not_end_it() -> None:
    finger = Finger()
    finger.move(down=True)
    finger.wait(1_000)
    finger.move(down=False)
    finger.now_ms += 5
    finger.move(down=True)
    finger.wait(5_500)
    assert finger.meant == [Gesture.LONG_HOLD]


def test_button__two_presses__are_two() -> None:
    finger = Finger()
    finger.press(100)
    finger.press(100)
    assert finger.meant == [Gesture.SHORT_PRESS, Gesture.SHORT_PRESS]


def test_button__down_before_anybody_watched__means_nothing_until_let_go() -> None:
    finger = Finger(down_at_start=True)
    finger.wait(10_000)
    finger.move(down=False)
    finger.wait(1_000)
    assert finger.meant == []
    finger.press(100)
    assert finger.meant == [Gesture.SHORT_PRESS]


def test_button__loop_was_late__a_press_between_two_ticks_still_counts() -> None:
    state = at_start(raw_down=False, now_ms=0)
    state, _ = step(state, raw_down=True, now_ms=100)
    state, _ = step(state, raw_down=False, now_ms=180)
    _, gestures = tick(state, 1_000)
    assert gestures == (Gesture.SHORT_PRESS,)


def test_button__loop_was_late__a_long_press_between_two_ticks_is_a_hold() -> None:
    state = at_start(raw_down=False, now_ms=0)
    state, _ = step(state, raw_down=True, now_ms=100)
    state, first = step(state, raw_down=False, now_ms=2_100)
    _, second = tick(state, 5_000)
    assert first + second == (Gesture.HOLD,)


def test_button__loop_was_late__six_seconds_between_two_ticks_are_a_long_hold_let_go() -> None:
    state = at_start(raw_down=False, now_ms=0)
    state, _ = step(state, raw_down=True, now_ms=100)
    state, first = step(state, raw_down=False, now_ms=6_200)
    _, second = tick(state, 9_000)
    assert first + second == (Gesture.LONG_HOLD, Gesture.LET_GO)


def test_button__reading_out_of_order__does_not_turn_time_back() -> None:
    state = at_start(raw_down=False, now_ms=1_000)
    state, _ = step(state, raw_down=True, now_ms=500)
    assert state.raw_since_ms == 1_000
