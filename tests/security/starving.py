"""One machine that does its worst, and another that only wants to read."""

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPSConnection

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from support.web_box import WebBox

ANSWERS_WITHIN_S = 1.0
ANY_CERTIFICATE = ssl.create_default_context()
ANY_CERTIFICATE.check_hostname = False
ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE


def slow_and_greedy(scale: Scale, told: Progress) -> Figure:
    """Idle connections, slow requests and a long upload from 127.0.0.2; the page is asked from 127.0.0.1."""
    idle, found = scale.of(500, 60), {}
    with scratch_folder(in_memory=True) as folder:
        box = WebBox(folder)
        box.start()
        try:
            for name, attack in (("quiet", _quiet), ("idle", _idle), ("slow", _slow), ("upload", _upload)):
                told(name)
                with ExitStack() as stack:
                    attack(box, stack, idle)
                    found[name] = max(_answer_s(box) for _ in range(20))
        finally:
            box.close()
            box.record.close()
    words = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in found.items())
    return Figure(f"slowest of 20 answers: {words}", max(found.values()) < ANSWERS_WITHIN_S)


def _connect(box: WebBox) -> socket.socket:
    return socket.create_connection(("127.0.0.1", box.port), timeout=20, source_address=("127.0.0.2", 0))


def _quiet(_box: WebBox, _stack: ExitStack, _number: int) -> None:
    """What the machine takes by itself, to compare with."""


def _idle(box: WebBox, stack: ExitStack, number: int) -> None:
    for _ in range(number):
        stack.enter_context(_connect(box))


def _slow(box: WebBox, stack: ExitStack, number: int) -> None:
    for _ in range(min(number, 100)):
        _try(lambda: stack.enter_context(ANY_CERTIFICATE.wrap_socket(_connect(box))).sendall(b"GET / HTTP/1.1\r\nX: "))


def _upload(box: WebBox, stack: ExitStack, _number: int) -> None:
    head = (
        b"POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 1073741824\r\n\r\n"
    )
    greedy = stack.enter_context(ANY_CERTIFICATE.wrap_socket(_connect(box)))

    def send() -> None:
        greedy.sendall(head)
        for _ in range(1024):
            greedy.sendall(bytes(1 << 20))

    _try(send)


def _try(attack: Callable[[], object]) -> None:
    try:
        attack()
    except OSError:
        return  # refused: as it should be


def _answer_s(box: WebBox) -> float:
    began = time.monotonic()
    client = HTTPSConnection("127.0.0.1", box.port, context=ANY_CERTIFICATE, timeout=20)
    try:
        client.request("GET", "/trust")
        client.getresponse().read()
    finally:
        client.close()
    return time.monotonic() - began
