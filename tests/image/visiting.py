"""A therapist on the clinic's network and a finger on the button, for a box under test."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any, Final

from image.machine import Machine, MachineError
from tacet.demo_therapist import Therapist

PASSPHRASE: Final = "lamp kettle orchard seven"
SET_UP_WITHIN_S: Final = 300.0
SAMPLE_RATE_HZ: Final = 16_000
PRESSES: Final = 4
RECORDER: Final = "/run/tacet/recorder.sock"
PANEL: Final = "/run/tacet/panel.sock"
THUMB: Final = "import asyncio, pathlib, tacet.thumb; asyncio.run(tacet.thumb.Thumb(pathlib.Path('{panel}')).{move}())"
STATUS: Final = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('{path}'); print(s.makefile().readline())"


def set_up(box: Machine, folder: Path) -> None:
    """Make the first therapist's vault over HTTPS, unless there is one."""
    if box.run("test", "-e", "/var/lib/tacet/box/setup-code").code:
        return

    async def walk() -> None:
        async with visitor(box, folder) as therapist:
            await therapist.set_up(SET_UP_WITHIN_S, PASSPHRASE)

    asyncio.run(walk())


def visitor(box: Machine, folder: Path) -> Therapist:
    """Somebody who knows the box's certificate and, before it is set up, the code that stands on its screen."""
    known = folder / "known"
    for name in ("tls/cert.pem", "box/setup-code"):
        (known / name).parent.mkdir(parents=True, exist_ok=True)
        (known / name).write_text(box.shell(f"cat /var/lib/tacet/{name}") + "\n")
    return Therapist(box.page_port, known)


def press(box: Machine) -> None:
    _finger(box, "press")


def begin(box: Machine) -> None:
    """Press until it records: a box's first press may be the one that tries button and lights."""
    for _ in range(PRESSES):
        wait_for_state(box, "ready")
        press(box)
        with contextlib.suppress(MachineError):
            wait_for_state(box, "recording", tries=5)
            return
    raise MachineError("The recorder does not record, however often the button is pressed.")


def hold(box: Machine) -> None:
    _finger(box, "hold")


def status(box: Machine) -> dict[str, Any]:
    """What the recorder says of itself now."""
    said: dict[str, Any] = json.loads(box.out("python3", "-I", "-c", STATUS.format(path=RECORDER)))
    return said


def wait_for_state(box: Machine, state: str, tries: int = 60) -> dict[str, Any]:
    for _ in range(tries):
        said = status(box)
        if said["state"] == state:
            return said
        box.listen(2.0)
    raise MachineError(f"The recorder is not {state} but {said['state']}: {' '.join(said['reasons'])}")


def sealed(said: list[str]) -> int:
    """How many samples of its session the followed recorder last said to be safe."""
    try:
        return last_acknowledged(said)[1]
    except MachineError:
        return 0


def last_acknowledged(said: list[str]) -> tuple[str, int]:
    """The session of which the recorder spoke last, and its samples that are safe."""
    statuses = [json.loads(line) for line in said if line.endswith("}")]
    recording = [status for status in statuses if status["session_id"]]
    if not recording:
        raise MachineError("The recorder said nothing of a session.")
    return str(recording[-1]["session_id"]), int(recording[-1]["samples_sealed"])


def _finger(box: Machine, move: str) -> None:
    box.out("python3", "-I", "-c", THUMB.format(panel=PANEL, move=move))
