"""Boxes that start with whatever a crash, a bad card or a curious person may have left, and that nobody presses."""

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.fake_box import FakeBox
from support.recorder_process import RecorderProcess
from support.sound import noise, write_wav
from support.tapes import new_tape, record_session

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from firmware.faults import Fault
from firmware.inbox import FaultFound
from firmware.status import BoxState, Pause, Prepare, Stop
from firmware.tape import finish_withdrawals

RATE_HZ = 16_000
AT_ONCE = 2
_WATCHED_S = 1.5
_PROCESS_STATES = {BoxState.NOT_READY, BoxState.READY}


def never_records_by_itself(scale: Scale, progress: Progress) -> Figure:
    in_process, processes = scale.of(950, 20), scale.of(50, 2)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        samples = list(pool.map(_restart_process, range(processes)))
    for seed in range(in_process):
        samples.append(_restart(seed))
        progress(f"{seed} of {in_process}")
    recorded = sum(samples)
    words = (
        f"{recorded} samples in {len(samples):,} restarts without a press ({processes} of a real process, "
        f"the others of the whole recorder on a panel and microphone of straw)"
    )
    return Figure(words, kept=recorded == 0)


def _restart(seed: int) -> int:
    """Samples that were taken in, with a microphone that talks all the time; everything happens but a press."""
    choice = random.Random(seed)
    with scratch_folder(in_memory=True) as folder:
        _leave_something(choice, folder / "tapes", folder / "recipient.json")
        before = _listing(folder / "tapes")
        finish_withdrawals(folder / "tapes", lambda: 0)
        box = FakeBox(folder)
        box.panel._consents = list
        if choice.random() < 0.3:
            box.panel.press()  # stuck, or leant on, since before the start
        for _ in range(choice.randint(5, 15)):
            choice.choice(_EVENTS)(box, choice)
            box.pass_time(choice.choice([10, 50, 300, 1500]), speaking=True)
        heard = box.history.count("microphone opened")
        capture = box.deck.capture
        new = _listing(folder / "tapes") - before
        return heard + len(new) + (0 if capture is None else capture.samples_in)


def _bounce(box: FakeBox, _choice: random.Random) -> None:
    """Shorter than any finger: a spark, a knock on the box."""
    if not box.panel.button_is_down():
        box.panel.press()
        box.pass_time(10)
        box.panel.release()


def _lose_microphone(box: FakeBox, choice: random.Random) -> None:
    box.microphone.trouble = choice.choice([None, "No microphone is connected."])


_EVENTS: tuple[Callable[[FakeBox, random.Random], None], ...] = (
    lambda box, _: box.inbox.put(Pause()),
    lambda box, _: box.inbox.put(Stop()),
    lambda box, _: box.inbox.put(Prepare(public_key=box.private_key.public_key().public_bytes_raw().hex())),
    lambda box, choice: box.inbox.put(Prepare(public_key=choice.choice(["", "00", "zz", "00" * 32]))),
    lambda box, choice: box.inbox.put(FaultFound(choice.choice(list(Fault)), box.now_ms)),
    _bounce,
    _lose_microphone,
)


def _restart_process(seed: int) -> int:
    choice = random.Random(seed)
    with scratch_folder() as folder:
        room = write_wav(folder / "room.wav", noise(RATE_HZ * 5))
        data_dir = folder / "data"
        _leave_something(choice, data_dir / "tapes", data_dir / "recorder" / "recipient.json")
        before = _listing(data_dir / "tapes")
        with RecorderProcess(folder, microphone="file", audio_file=room, at_end="loop") as box:
            if choice.random() < 0.5:
                box.prepare()
            for command in choice.sample(["pause", "stop", "start", "resume", "record"], 3):
                box.command(command=command)
            time.sleep(_WATCHED_S)
            states = {status.state for status in box.statuses}
            samples = max(status.samples_in for status in box.statuses)
        return samples + len(_listing(data_dir / "tapes") - before) + len(states - _PROCESS_STATES)


def _listing(tapes_dir: Path) -> set[str]:
    return {path.name for path in tapes_dir.iterdir()} if tapes_dir.is_dir() else set()


def _leave_something(choice: random.Random, tapes_dir: Path, recipient: Path) -> None:
    tapes_dir.mkdir(parents=True)
    recipient.parent.mkdir(parents=True, exist_ok=True)
    recipient.write_bytes(_any_recipient(choice))
    for _ in range(choice.randint(0, 3)):
        _leave_tape(choice, tapes_dir)
    for name in ("unborn", "withdrawn"):
        if choice.random() < 0.3:
            folder = tapes_dir / (name if name == "withdrawn" else f".{choice.randbytes(16).hex()}.unborn")
            folder.mkdir(exist_ok=True)
            (folder / f"{choice.randbytes(16).hex()}.json").write_bytes(choice.randbytes(choice.randint(0, 300)))


def _any_recipient(choice: random.Random) -> bytes:
    key = choice.randbytes(32).hex()
    return choice.choice(
        [
            json.dumps({"public_key": key}).encode(),
            json.dumps({"public_key": key}).encode()[: choice.randint(0, 60)],
            b"",
            b"null",
            bytes(100),
            choice.randbytes(200),
        ]
    )


def _leave_tape(choice: random.Random, tapes_dir: Path) -> None:
    """A finished tape, one of a kill, or what is left of one: cut, flipped, without its head, of no content."""
    writer = new_tape(tapes_dir, choice.randbytes(16).hex())
    record_session(writer, close=choice.random() < 0.4)
    for path in sorted(writer.folder.iterdir()):
        content = path.read_bytes()
        match choice.randrange(6):
            case 0:
                path.unlink()
            case 1:
                path.write_bytes(content[: choice.randint(0, len(content))])
            case 2:
                path.write_bytes(bytes(len(content)))
            case 3:
                path.write_bytes(choice.randbytes(len(content)))
            case _:
                pass
