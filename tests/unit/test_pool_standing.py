"""What clinic IT is told of the pool."""

import pytest
from support.pool_link import AWAY, REACHABLE, REFUSED

from app.asr.taking_over import Tally
from app.pool.seen import PoolSeen, Standing
from app.web.pool_standing import PoolView, in_a_word, pool_view

NOW_MS = AWAY.since_ms + 600_000


def told(view: PoolView) -> str:
    return " ".join((view.word, view.meaning, *view.problems, *(f"{name}: {value}" for name, value in view.facts)))


def test_pool__that_hears__shows_place_models_versions_queue_rate_lag_and_who_heard_how_much() -> None:
    view = pool_view(REACHABLE, Tally(by_pool=41, by_box=2), NOW_MS)
    assert view.mark == "check"
    for part in (
        "clinic, at 192.168.7.5 port 8790",
        "large-v3 3f2c9a7d51e0",
        "0.9.0, there and here",
        "strong-1, strong-2",
        "In work, of all boxes: 3 windows",
        "6.42 seconds of sound a second",
        "waits now for: 1.2 s",
        "window took: 4.1 s",
        "41 windows heard by the pool, 2 windows by this box",
    ):
        assert part in told(view), part


def test_pool__that_is_away__says_since_when_and_no_figure_that_is_no_longer_true() -> None:
    view = pool_view(AWAY, Tally(), NOW_MS)
    assert view.mark == "alert"
    assert "not reachable since" in view.word
    assert "Nobody answers at 192.168.7.5" in view.meaning
    assert "Machines that hear" not in told(view)


def test_pool__that_refuses__shows_its_sentence_once_and_both_versions() -> None:
    view = pool_view(REFUSED, Tally(problem=REFUSED.sentence), NOW_MS)
    assert told(view).count("Bring both to the same version.") == 1
    assert "there 0.8.2, here 0.9.0" in told(view)


def test_pool__that_answers_and_could_not_listen__shows_what_it_said() -> None:
    view = pool_view(REACHABLE, Tally(problem="A machine of the pool met a fault."), NOW_MS)
    assert "A machine of the pool met a fault." in told(view)


@pytest.mark.parametrize("standing", Standing, ids=[one.value for one in Standing])
def test_pool__however_it_stands__is_a_sentence_and_says_what_it_means(standing: Standing) -> None:
    for seen in (REACHABLE.model_copy(update={"standing": standing}), PoolSeen(standing=standing)):
        view = pool_view(seen, Tally(), NOW_MS)
        assert view.word.endswith(".")
        assert view.meaning.endswith(".")
        assert in_a_word(seen)
        assert "  " not in f"{view.word} {view.meaning}"
