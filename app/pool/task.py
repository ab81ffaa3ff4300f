"""One window heard by one worker: the only thing that a pool computes. Knows no Dask.

Pure: the same window gives the same answer, so a window may be heard again after any death. Never raises: Dask tells
what a failed task was given, in logs and to whoever asks.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from app.asr.protocol import heard_head, window_from
from app.asr.transcriber import Transcriber
from app.pool.errors import PoolRefused
from app.pool.hello import Hello, Model, hello_from, refuse_other_model, refuse_other_version


@dataclass(frozen=True)
class Asked:
    """A window as a box sent it. Speech in clear; says nothing of it when printed."""

    hello: dict[str, Any]  # of the scheduler: what it believes this worker to be
    head: dict[str, Any] = field(repr=False)
    pcm: bytes = field(repr=False)


@dataclass(frozen=True)
class Answered:
    """A head for the box, as JSON. Speech in clear; says nothing of it when printed."""

    encoded: bytes = field(repr=False)


@dataclass(frozen=True)
class Worker:
    """What this process is, once its model is loaded."""

    name: str
    model: Model
    transcriber: Transcriber


_here: Worker | None = None


def be(worker: Worker) -> None:
    """Let `hear` use this worker. Before the first task."""
    global _here  # noqa: PLW0603  Dask calls a function by its name, which has to find the model
    _here = worker


def hear(asked: Asked) -> Answered:
    try:
        return Answered(json.dumps(_heard(asked)).encode())
    except PoolRefused as error:
        return _failed(str(error))
    except Exception as error:  # noqa: BLE001  see above: the error would carry the window
        return _failed(f"A machine of the pool met a fault ({type(error).__name__}) while it listened.")


def _heard(asked: Asked) -> dict[str, Any]:
    if _here is None:
        raise PoolRefused("A machine of the pool has no model yet.")
    wanted, own = hello_from(asked.hello), Hello.own(_here.model)
    refuse_other_version(own, wanted, "The pool's scheduler")
    assert wanted.model is not None
    refuse_other_model(wanted.model, own.model, _here.name)
    heard = _here.transcriber.hear(window_from(asked.head, asked.pcm))
    return heard_head(heard) | {"machine": _here.name}


def _failed(sentence: str) -> Answered:
    return Answered(json.dumps({"error": sentence}).encode())
