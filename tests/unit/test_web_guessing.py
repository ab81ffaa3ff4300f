from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.web.guessing import DAY_S, OWNERS_A_DAY, STRANGERS_A_DAY, Guesses, TooSoon

ADA, JONAS = "aa" * 16, "bb" * 16


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def guess(guesses: Guesses, account: str = ADA, *, known_browser: bool = False, right: bool = False) -> bool:
    """Try once; tell whether the guess was looked at."""
    try:
        with guesses.one(account, known_browser=known_browser) as guess:
            guess.right = right
    except TooSoon:
        return False
    return True


def wait_s(guesses: Guesses) -> int:
    """How long a stranger is told to wait, who must be."""
    with pytest.raises(TooSoon) as caught, guesses.one(ADA, known_browser=False):
        pass
    return caught.value.wait_s


def test_guesses__a_few_typing_mistakes__cost_no_wait() -> None:
    guesses = Guesses(Clock())
    assert all(guess(guesses) for _ in range(4))
    assert wait_s(guesses) == 2


def test_guesses__after_the_wait__are_looked_at_again() -> None:
    clock = Clock()
    guesses = Guesses(clock)
    for _ in range(4):
        guess(guesses)
    clock.now_s += 2
    assert guess(guesses)
    assert wait_s(guesses) == 4


def test_guesses__ten_thousand_over_a_day__at_most_a_hundred_are_looked_at_and_the_owner_gets_in() -> None:
    clock = Clock()
    guesses = Guesses(clock)
    looked_at = 0
    for _ in range(10_000):
        looked_at += guess(guesses)
        clock.now_s += DAY_S / 10_000
        assert guess(guesses, known_browser=True, right=True)
    assert looked_at <= STRANGERS_A_DAY
    assert STRANGERS_A_DAY + OWNERS_A_DAY <= 100
    assert guess(guesses, JONAS)  # nobody else waits


def test_guesses__from_a_stolen_browser__are_counted_as_well() -> None:
    clock = Clock()
    guesses, looked_at = Guesses(clock), 0
    for _ in range(5000):
        looked_at += guess(guesses, known_browser=True)
        clock.now_s += DAY_S / 5001
    assert looked_at <= OWNERS_A_DAY


def test_guesses__a_right_one__forgives_the_mistakes_before() -> None:
    guesses = Guesses(Clock())
    for _ in range(3):
        guess(guesses)
    guess(guesses, right=True)
    assert all(guess(guesses) for _ in range(4))


def test_guesses__a_slow_one_still_under_way__keeps_the_others_waiting() -> None:
    guesses = Guesses(Clock())
    with ExitStack() as under_way:
        for _ in range(4):
            under_way.enter_context(guesses.one(ADA, known_browser=False))
        assert wait_s(guesses) == 1


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_guesses__one_that_ends_with_an_error__was_wrong_and_is_not_under_way(error: type[BaseException]) -> None:
    guesses = Guesses(Clock())
    for _ in range(4):
        with pytest.raises(error), guesses.one(ADA, known_browser=False):
            raise error
    assert wait_s(guesses) == 2


def test_guesses__known_to_be_right_before_an_error__forgives() -> None:
    guesses = Guesses(Clock())
    for _ in range(3):
        guess(guesses)
    with pytest.raises(ValueError, match="weak"), guesses.one(ADA, known_browser=False) as one:  # noqa: PT012
        one.right = True
        raise ValueError("weak")
    assert all(guess(guesses) for _ in range(4))


@pytest.mark.parametrize(("wait", "said"), [(1, "1 second"), (99, "99 seconds"), (100, "2 minutes"), (900, "15 min")])
def test_too_soon__whatever_the_wait__says_when_to_try_again(wait: int, said: str) -> None:
    assert f"Try again in {said}" in str(TooSoon(wait))


@settings(max_examples=50, deadline=None)
@given(steps=st.lists(st.floats(0, 3 * DAY_S), min_size=200, max_size=400))
def test_guesses__any_rhythm__no_day_sees_more_than_its_number(steps: list[float]) -> None:
    clock = Clock()
    guesses, seen = Guesses(clock), list[float]()
    for step in steps:
        clock.now_s += step / 200
        if guess(guesses):
            seen.append(clock.now_s)
    for at_s in seen:
        assert sum(at_s <= one < at_s + DAY_S for one in seen) <= STRANGERS_A_DAY
