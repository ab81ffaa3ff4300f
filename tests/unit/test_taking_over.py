import pytest

from app.asr.taking_over import AGAIN_AFTER_REFUSAL_S, AGAIN_AFTER_S, TakingOver
from app.asr.transcriber import Heard, TranscriberAway, TranscriberFailed, Window
from app.domain import Context

WINDOW = Window(b"\0\0", final=True)


class Someone:
    """Hears, or fails as it is told."""

    at_once = 1

    def __init__(self, name: str) -> None:
        self.name = name
        self.fails: Exception | None = None
        self.asked = 0

    def hear(self, window: Window) -> Heard:  # noqa: ARG002  the port has it
        self.asked += 1
        if self.fails:
            raise self.fails
        return Heard((), 1, Context(), "model", machine=self.name)


class Box:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.pool, self.local = Someone("pool"), Someone("")
        self.both = TakingOver(self.pool, self.local, lambda: self.now_s)

    def heard_by(self) -> str:
        return self.both.hear(WINDOW).machine


def test_pool__that_answers__hears() -> None:
    box = Box()
    assert [box.heard_by(), box.heard_by()] == ["pool", "pool"]
    assert box.local.asked == 0


def test_pool__that_is_away__leaves_the_same_window_to_the_box_and_is_asked_again_later() -> None:
    box = Box()
    box.pool.fails = TranscriberAway()
    assert box.heard_by() == ""
    box.pool.fails = None
    assert box.heard_by() == ""
    assert box.pool.asked == 1
    box.now_s += AGAIN_AFTER_S
    assert box.heard_by() == "pool"


def test_pool__that_refuses__leaves_its_sentence_and_is_asked_again_much_later() -> None:
    box = Box()
    box.pool.fails = TranscriberFailed("Bring both to the same version.")
    assert box.heard_by() == ""
    assert box.both.tally.problem == "Bring both to the same version."
    box.pool.fails = None
    box.now_s += AGAIN_AFTER_S
    assert box.heard_by() == ""
    box.now_s += AGAIN_AFTER_REFUSAL_S
    assert box.heard_by() == "pool"
    assert box.both.tally.problem is None


def test_box__whose_own_process_fails_too__says_so() -> None:
    box = Box()
    box.pool.fails, box.local.fails = TranscriberAway(), TranscriberFailed("The model is missing.")
    with pytest.raises(TranscriberFailed, match="model is missing"):
        box.heard_by()
