"""One machine that does its worst, and another that only wants to read."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.client import HTTPSConnection
from pathlib import Path

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from support.ports import free_port
from support.recorder_process import RecorderProcess
from support.sound import noise, write_wav

from firmware.status import BoxState
from security.at_rest import sign_in, use_of_page
from security.greedy import ANY_CERTIFICATE
from security.page import SESSION

ANSWERS_WITHIN_S = 1.0
RATE_HZ, ROOM_S, ANSWERS = 16_000, 600, 20
ATTACKS = ("quiet", "idle", "slow", "upload", "dear", "all")
ROOT = Path(__file__).parents[2]


def slow_and_greedy(scale: Scale, told: Progress) -> Figure:
    """Idle connections, slow requests, long uploads and dear questions from 127.0.0.2, one kind after the other and all
    at once, against the app as a box runs it; somebody who is signed in asks it from 127.0.0.1 meanwhile.

    A recorder runs beside it all, and has to seal every sample as it was played.
    """
    idle, found = scale.of(500, 60), {}
    room = noise(RATE_HZ * ROOM_S)
    with scratch_folder() as folder, scratch_folder() as recording, _recording(recording, room) as recorder:
        port = free_port()
        with use_of_page(folder, port) as client:
            sign_in(client, folder)
            cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            _answer_s(port, cookie)  # the first page after a start compiles its templates: no machine's doing
            for name in ATTACKS:
                told(name)
                with nullcontext() if name == "quiet" else _attack(name, port, idle):
                    found[name] = max(_answer_s(port, cookie) for _ in range(ANSWERS))
        recorder.command(command="stop")
        recorder.wait_for_state(BoxState.READY)
        tape = recorder.read_tape()
        heard = tape.read_pcm(0, tape.samples)
        said = recorder.terminate()[1]
    as_played = bool(heard) and heard in room
    words = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in found.items())
    words = (
        f"slowest of {ANSWERS} pages: {words}; recorder sealed {tape.samples / RATE_HZ:.0f} s"
        f"{' as played' if as_played else ', NOT AS PLAYED'}, {tape.gap_samples} samples lost"
    )
    kept = max(found.values()) < ANSWERS_WITHIN_S and as_played and not tape.gap_samples and "overflow" not in said
    return Figure(words, kept)


@contextmanager
def _recording(folder: Path, room: bytes) -> Iterator[RecorderProcess]:
    """A recorder that hears this room at 16 kHz in real time, and is recording."""
    file = write_wav(folder / "room.wav", room)
    with RecorderProcess(folder, microphone="file", audio_file=file) as recorder:
        recorder.prepare()
        recorder.press()
        recorder.wait_for(lambda status: status.samples_sealed >= RATE_HZ)
        yield recorder


@contextmanager
def _attack(kind: str, port: int, number: int) -> Iterator[None]:
    attacker = subprocess.Popen(
        [sys.executable, "-m", "tests.security.greedy", kind, str(port), str(number)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert attacker.stdout
        assert attacker.stdout.readline() == b"on\n", "the attacker did not start"
        yield
        assert attacker.poll() is None, "the attacker ended by itself"
    finally:
        attacker.kill()
        attacker.communicate()


def _answer_s(port: int, cookie: str) -> float:
    """How long a page about a session takes, a connection of its own included."""
    began_s = time.monotonic()
    client = HTTPSConnection("127.0.0.1", port, context=ANY_CERTIFICATE, timeout=20)
    try:
        client.request("GET", f"/sessions/{SESSION}", headers={"Cookie": cookie})
        answer = client.getresponse()
        assert answer.status == 200, "somebody who is signed in was refused"
        answer.read()
    finally:
        client.close()
    return time.monotonic() - began_s
