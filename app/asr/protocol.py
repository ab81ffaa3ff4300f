"""How app and asr speak over a Unix socket: a frame is a length, a JSON head, a length, a body of PCM.

Both lengths are 4 bytes, big-endian. A request carries a window (its sound as the body), an answer the words or one
sentence in `error`. A request whose head asks for `voiceprints` carries a sound; its answer's body holds the prints.
A window whose head asks `anew` is heard by the second model; `second` asks which that is, `ready` loads the first one.
One request at a time a connection; a broken connection means: ask again.
"""

import json
import socket
import struct
from dataclasses import asdict
from typing import Any

import numpy as np

from app.asr.transcriber import NEIGHBOUR_SAMPLES, WINDOW_SAMPLES, Heard, SecondModel, Utterance, Window
from app.asr.voiceprints import Voiceprints
from app.domain import Context, Word

LENGTH = struct.Struct(">I")
MAX_HEAD_BYTES = 1 << 20
MAX_BODY_BYTES = (WINDOW_SAMPLES + 2 * NEIGHBOUR_SAMPLES) * 2


def send_frame(connection: socket.socket, head: dict[str, Any], body: bytes = b"") -> None:
    encoded = json.dumps(head).encode()
    connection.sendall(LENGTH.pack(len(encoded)) + encoded + LENGTH.pack(len(body)) + body)


def receive_frame(connection: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Raise ConnectionError when the other side went away or speaks something else."""
    head = json.loads(_receive_part(connection, MAX_HEAD_BYTES))
    return head, _receive_part(connection, MAX_BODY_BYTES)


def _receive_part(connection: socket.socket, limit: int) -> bytes:
    (length,) = LENGTH.unpack(_receive_exactly(connection, LENGTH.size))
    if length > limit:
        message = "a frame over its limit"
        raise ConnectionError(message)
    return _receive_exactly(connection, length)


def _receive_exactly(connection: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        part = connection.recv(min(length - len(received), 1 << 16))
        if not part:
            message = "the other side went away"
            raise ConnectionError(message)
        received += part
    return bytes(received)


def window_head(window: Window) -> dict[str, Any]:
    names = ("final", "before_samples", "after_samples", "live")
    return {name: getattr(window, name) for name in names} | {"context": asdict(window.context)}


def window_from(head: dict[str, Any], body: bytes) -> Window:
    return Window(pcm=body, **head | {"context": _context(head["context"])})


def anew_head(window: Window) -> dict[str, Any]:
    return window_head(window) | ANEW


def heard_head(heard: Heard) -> dict[str, Any]:
    return asdict(heard)


def heard_from(head: dict[str, Any]) -> Heard:
    utterances = (
        Utterance(**part | {"words": tuple(Word(**word) for word in part["words"])}) for part in head["utterances"]
    )
    not_understood = tuple((start_ms, end_ms) for start_ms, end_ms in head["not_understood"])
    return Heard(
        tuple(utterances),
        head["advance_samples"],
        _context(head["context"]),
        head["model"],
        not_understood,
        head["machine"],
    )


def _context(head: dict[str, Any]) -> Context:
    return Context(**head | {"prompt": tuple(head["prompt"])})


PRINT_VALUES = 192
VOICEPRINTS = {"ask": "voiceprints"}
ANEW = {"ask": "anew"}
SECOND = {"ask": "second"}
READY = {"ask": "ready"}


def second_head(model: SecondModel | None) -> dict[str, Any]:
    return {"second": asdict(model) if model else None}


def second_from(head: dict[str, Any]) -> SecondModel | None:
    return SecondModel(**head["second"]) if head["second"] else None


def voiceprints_frame(heard: Voiceprints) -> tuple[dict[str, Any], bytes]:
    """Head and body of the answer."""
    return {"speech": heard.speech, "spans": heard.spans}, heard.prints.astype("<f4").tobytes()


def voiceprints_from(head: dict[str, Any], body: bytes) -> Voiceprints:
    speech, spans = (tuple((start_ms, end_ms) for start_ms, end_ms in head[name]) for name in ("speech", "spans"))
    return Voiceprints(speech, spans, np.frombuffer(body, "<f4").reshape(len(spans), PRINT_VALUES))
