import json
from dataclasses import replace

import pytest

from app.asr.protocol import heard_head, window_head
from app.asr.transcriber import Heard, Window
from app.domain import Context
from app.pool import task
from app.pool.errors import PoolRefused
from app.pool.hello import Hello, Model, hello_from, refuse_other_model, refuse_other_tokens, refuse_other_version

BASE = Model("base", "0" * 64)
WINDOW = Window(b"secret words in clear", final=True)


class Echo:
    """Hears nothing, and counts how often it was asked."""

    at_once = 1
    asked = 0

    def hear(self, window: Window) -> Heard:
        self.asked += 1
        if window.pcm == b"fault":
            raise RuntimeError(window.pcm)
        return Heard((), 1, Context(), "echo")


@pytest.fixture
def echo() -> Echo:
    echo = Echo()
    task.be(task.Worker("clinic/worker-1", BASE, echo))
    return echo


def asked(hello: Hello, window: Window = WINDOW) -> task.Asked:
    return task.Asked(hello.head(), window_head(window), window.pcm)


def answer(one: task.Asked) -> dict[str, object]:
    found: dict[str, object] = json.loads(task.hear(one).encoded)
    return found


def test_hello__written_and_read__is_the_same() -> None:
    own = Hello.own(BASE)
    assert hello_from(json.loads(json.dumps(own.head()))) == own


@pytest.mark.parametrize("change", [{"version": "0.0.1"}, {"protocol": 99}], ids=["version", "protocol"])
def test_version__another__is_refused_with_both_in_the_sentence(change: dict[str, object]) -> None:
    own = Hello.own()
    with pytest.raises(PoolRefused, match="same version"):
        refuse_other_version(own, replace(own, **change), "The pool")  # type: ignore[arg-type]
    refuse_other_version(own, own, "The pool")


@pytest.mark.parametrize(
    ("offered", "sentence"),
    [(None, "no model"), (Model("small", "0" * 64), "--model base"), (Model("base", "1" * 64), "another base")],
    ids=["none", "another name", "other bytes"],
)
def test_model__another__is_refused_with_what_to_do(offered: Model | None, sentence: str) -> None:
    with pytest.raises(PoolRefused, match=sentence):
        refuse_other_model(BASE, offered, "The worker")
    refuse_other_model(BASE, BASE, "The worker")


def test_model__of_another_language__cannot_take_turns_with_this_box() -> None:
    with pytest.raises(PoolRefused, match="English only"):
        refuse_other_tokens(Model("small.en", ""), "base")
    refuse_other_tokens(Model("large-v3", ""), "base")


def test_task__of_the_same_pool__is_heard_and_names_its_machine(echo: Echo) -> None:
    said = answer(asked(Hello.own(BASE)))
    assert said == json.loads(json.dumps(heard_head(Heard((), 1, Context(), "echo", machine="clinic/worker-1"))))


@pytest.mark.parametrize(
    "hello",
    [replace(Hello.own(BASE), version="0.0.1"), Hello.own(Model("base", "1" * 64))],
    ids=["another version", "another model"],
)
def test_task__of_a_scheduler_that_means_another_worker__is_refused_unheard(echo: Echo, hello: Hello) -> None:
    assert "Bring both to the same version" in str(answer(asked(hello))["error"])
    assert echo.asked == 0


def test_task__that_fails__tells_the_kind_of_fault_and_nothing_of_the_window(echo: Echo) -> None:
    said = answer(asked(Hello.own(BASE), replace(WINDOW, pcm=b"fault")))
    assert said == {"error": "A machine of the pool met a fault (RuntimeError) while it listened."}


def test_task__printed__shows_no_sound_and_no_words() -> None:
    context = Context(prompt=(50_364, 2_425), vocabulary="Martyn")
    shown = repr(asked(Hello.own(BASE), replace(WINDOW, context=context))) + repr(task.Answered(b"secret words"))
    assert "secret" not in shown
    assert "Martyn" not in shown
    assert "2425" not in shown
