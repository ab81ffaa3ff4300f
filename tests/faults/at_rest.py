"""Canary sound, looked for in clear wherever the recorder could have left it."""

import base64
import os
import resource
import signal
import stat
import time
from pathlib import Path

from support.canary import files_with_canary, forms_of
from support.recorder_process import RecorderProcess
from support.sound import noise, write_wav

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from firmware.status import BoxState

RATE_HZ = 16_000
_CANARY = noise(16, seed=77)  # 32 bytes that nothing else holds
_ELSEWHERE = (Path("/tmp"), Path("/dev/shm"), Path("/var/log"))
_MOST_BYTES = 64_000_000  # a file elsewhere that is larger is not the recorder's
_CORES_ALLOWED = (
    "import resource; resource.setrlimit(resource.RLIMIT_CORE, resource.getrlimit(resource.RLIMIT_CORE)[1:] * 2)\n"
)


def nothing_in_clear(scale: Scale, progress: Progress) -> Figure:
    """After a kill, an orderly end and two crashes that would leave a core dump where the system allows it."""
    endings = (signal.SIGKILL, signal.SIGSEGV, None, signal.SIGABRT)[: scale.of(4, 2)]
    hits: list[str] = []
    files = 0
    for ending in endings * scale.of(3, 1):
        found, scanned = _record_and_scan(ending)
        hits += found
        files += scanned
        progress(f"{files} files scanned")
    allowed = "allowed" if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0 else "not allowed here"
    words = f"{len(hits)} hits in {files} files and what was said on standard error; core dumps were {allowed}"
    words += f": {', '.join(sorted(set(hits))[:3])}" if hits else ""
    return Figure(words, kept=not hits)


def _record_and_scan(ending: signal.Signals | None) -> tuple[list[str], int]:
    started_s = time.time()
    with scratch_folder() as away, scratch_folder() as folder:
        room = write_wav(away / "room.wav", _CANARY * 20_000)
        with RecorderProcess(folder, prelude=_CORES_ALLOWED, microphone="file", audio_file=room, speed=2) as box:
            box.prepare()
            box.press()
            box.wait_for(lambda status: status.samples_sealed >= 3 * RATE_HZ)
            said = _end(box, ending)
            tape = box.read_tape()
            assert _CANARY * 100 in tape.read_pcm(0, tape.samples), "the canary was never recorded"
        hits = ["standard error"] if any(form in said.encode() for form in forms_of(_CANARY)) else []
        hits += [str(path.relative_to(folder)) for path in files_with_canary(folder, _CANARY)]
        _assert_scan_sees(folder)
        elsewhere = [
            path for path in recent_files(started_s) if away not in path.parents and folder not in path.parents
        ]
        hits += [str(path) for path in elsewhere if _holds_canary(path)]
        return hits, len(elsewhere) + sum(path.is_file() for path in folder.rglob("*"))


def _end(box: RecorderProcess, ending: signal.Signals | None) -> str:
    if ending is not None:
        return box.kill(ending)
    box.command(command="stop")
    box.wait_for_state(BoxState.READY)
    return box.terminate()[1]


def _assert_scan_sees(folder: Path) -> None:
    planted = folder / "planted"
    planted.write_bytes(b"..." + base64.b64encode(b"x" + _CANARY * 3) + b"...")
    assert files_with_canary(folder, _CANARY) == [planted], "the scan is blind"
    planted.unlink()


def recent_files(since_s: float) -> list[Path]:
    found = []
    for place in _ELSEWHERE:
        for folder, folders, names in os.walk(place):
            folders[:] = [name for name in folders if not (Path(folder) / name).is_mount()]
            found += [path for name in names if _is_recent(path := Path(folder) / name, since_s)]
    return found


def _is_recent(path: Path, since_s: float) -> bool:
    try:
        facts = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(facts.st_mode) and facts.st_mtime >= since_s and facts.st_size <= _MOST_BYTES


def _holds_canary(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return any(form in content for form in forms_of(_CANARY))
