"""One machine that does its worst, and another that only wants to read."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPSConnection
from pathlib import Path

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from support.recorder_process import RecorderProcess
from support.sound import noise, write_wav
from support.web_box import WebBox

from firmware.status import BoxState

ANSWERS_WITHIN_S = 1.0
RATE_HZ = 16_000
ANY_CERTIFICATE = ssl.create_default_context()
ANY_CERTIFICATE.check_hostname = False
ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE


def slow_and_greedy(scale: Scale, told: Progress) -> Figure:
    """Idle connections, slow requests and a long upload from 127.0.0.2; the page is asked from 127.0.0.1.

    A recorder runs beside it all, as it does in a box, and has to seal every sample.
    """
    idle, found = scale.of(500, 60), {}
    with scratch_folder(in_memory=True) as folder, scratch_folder() as recording, ExitStack() as open_parts:
        recorder = open_parts.enter_context(_recording(recording))
        box = WebBox(folder)
        box.start()
        open_parts.callback(box.close)
        for name, attack in (("quiet", _quiet), ("idle", _idle), ("slow", _slow), ("upload", _upload)):
            told(name)
            with ExitStack() as stack:
                attack(box, stack, idle)
                found[name] = max(_answer_s(box) for _ in range(20))
        recorder.command(command="stop")
        recorder.wait_for_state(BoxState.READY)
        tape = recorder.read_tape()
        said = recorder.terminate()[1]
    words = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in found.items())
    heard_s, lost = tape.samples / RATE_HZ, tape.gap_samples
    words = f"slowest of 20 answers: {words}; recorder sealed {heard_s:.0f} s, {lost} samples lost"
    kept = max(found.values()) < ANSWERS_WITHIN_S and not lost and tape.samples > 0 and "overflow" not in said
    return Figure(words, kept)


@contextmanager
def _recording(folder: Path) -> Iterator[RecorderProcess]:
    """A recorder that hears a known noise at 16 kHz in real time, and is recording."""
    room = write_wav(folder / "room.wav", noise(RATE_HZ * 60))
    with RecorderProcess(folder, microphone="file", audio_file=room) as recorder:
        recorder.prepare()
        recorder.press()
        recorder.wait_for(lambda status: status.samples_sealed >= RATE_HZ)
        yield recorder


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
