"""Breaks light, consent and seal order by hand, one place at a time, and shows that the tests notice.

    python -m tests.faults.mutations [--only WORD]

Each mutation is made in a copy of the tree; the unit tests of the recorder run there until the first fails. Ends with 1
when a mutation survives, or is out of date because the line that it changes is gone.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TREE: Final = Path(__file__).parents[2]
_COPIED: Final = ("app", "firmware", "models", "tacet", "tests", "pyproject.toml")
_TESTS: Final = tuple(
    f"tests/unit/test_{name}.py"
    for name in (
        "consent",
        "light",
        "lamp",
        "button",
        "recorder",
        "recorder_withdrawal",
        "capture",
        "telling",
        "tape_writer",
        "tape_timeline",
        "tape_erase",
        "tape_withdrawal",
        "recorder_erases_end",
        "tape_end_erased",
        "recorder_machine",
    )
)
_TIMEOUT_S: Final = 900


@dataclass(frozen=True, slots=True)
class Mutation:
    name: str
    file: str
    old: str  # stands in the file exactly once
    new: str


MUTATIONS: Final = (
    # the order of consent, light and microphone
    Mutation(
        "microphone before light",
        "firmware/consent_table.py",
        "_LISTEN = (Action.SHOW_LIGHT, Action.READ_BACK_LIGHT, Action.OPEN_MICROPHONE)",
        "_LISTEN = (Action.OPEN_MICROPHONE, Action.SHOW_LIGHT, Action.READ_BACK_LIGHT)",
    ),
    Mutation(
        "light not read back",
        "firmware/consent_table.py",
        "_LISTEN = (Action.SHOW_LIGHT, Action.READ_BACK_LIGHT, Action.OPEN_MICROPHONE)",
        "_LISTEN = (Action.SHOW_LIGHT, Action.OPEN_MICROPHONE)",
    ),
    Mutation(
        "light not shown",
        "firmware/consent_table.py",
        "_LISTEN = (Action.SHOW_LIGHT, Action.READ_BACK_LIGHT, Action.OPEN_MICROPHONE)",
        "_LISTEN = (Action.READ_BACK_LIGHT, Action.OPEN_MICROPHONE)",
    ),
    Mutation(
        "light before consent",
        "firmware/consent_table.py",
        "_GIVEN = (Action.NEW_TAPE, Action.WRITE_GIVEN, *_LISTEN)",
        "_GIVEN = (Action.NEW_TAPE, Action.SHOW_LIGHT, Action.WRITE_GIVEN, *_LISTEN[1:])",
    ),
    Mutation(
        "consent not written",
        "firmware/consent_table.py",
        "_GIVEN = (Action.NEW_TAPE, Action.WRITE_GIVEN, *_LISTEN)",
        "_GIVEN = (Action.NEW_TAPE, *_LISTEN)",
    ),
    Mutation(
        "resume not written",
        "firmware/consent_table.py",
        "_RESUMED = (Action.WRITE_RESUMED, *_LISTEN)",
        "_RESUMED = _LISTEN",
    ),
    Mutation(
        "dark before the microphone is closed, on pause",
        "firmware/consent_table.py",
        "_PAUSED = (Action.CLOSE_MICROPHONE, Action.SHOW_LIGHT,",
        "_PAUSED = (Action.SHOW_LIGHT, Action.CLOSE_MICROPHONE,",
    ),
    Mutation(
        "dark before the microphone is closed, on stop",
        "firmware/consent_table.py",
        "_STOPPED = (Action.CLOSE_MICROPHONE, Action.SHOW_LIGHT,",
        "_STOPPED = (Action.SHOW_LIGHT, Action.CLOSE_MICROPHONE,",
    ),
    Mutation(
        "pause written before the rest is sealed",
        "firmware/consent_table.py",
        "Action.SHOW_LIGHT, Action.SEAL_REMAINDER, Action.WRITE_PAUSED)\n_STOPPED",
        "Action.SHOW_LIGHT, Action.WRITE_PAUSED, Action.SEAL_REMAINDER)\n_STOPPED",
    ),
    Mutation(
        "rest not sealed on stop",
        "firmware/consent_table.py",
        "Action.SHOW_LIGHT, Action.SEAL_REMAINDER, Action.CLOSE_TAPE)",
        "Action.SHOW_LIGHT, Action.CLOSE_TAPE)",
    ),
    Mutation(
        "tape left open on stop from pause",
        "firmware/consent_table.py",
        "_ENDED = (Action.SHOW_LIGHT, Action.CLOSE_TAPE)",
        "_ENDED = (Action.SHOW_LIGHT,)",
    ),
    Mutation(
        "microphone stays open after a fault",
        "firmware/consent_table.py",
        "_LOST = (Action.SHOW_LIGHT, Action.ABANDON_MICROPHONE, ",
        "_LOST = (Action.SHOW_LIGHT, ",
    ),
    Mutation(
        "records while not ready",
        "firmware/consent_table.py",
        "    (_P.READY,                  _T.SHORT_PRESS):        (_P.RECORDING,              _GIVEN),",
        "    (_P.READY,                  _T.SHORT_PRESS):        (_P.RECORDING,              _GIVEN),\n"
        "    (_P.NOT_READY,              _T.SHORT_PRESS):        (_P.RECORDING,              _GIVEN),",
    ),
    Mutation(
        "goes on by itself after an acknowledged fault",
        "firmware/consent_table.py",
        "(_P.MICROPHONE_LOST_SEEN,   _T.MICROPHONE_BACK):    (_P.PAUSED,                 SHOWN)",
        "(_P.MICROPHONE_LOST_SEEN,   _T.MICROPHONE_BACK):    (_P.RECORDING,              _RESUMED)",
    ),
    Mutation(
        "pause command resumes",
        "firmware/consent_table.py",
        "    (_P.PAUSED,                 _T.SHORT_PRESS):        (_P.RECORDING,              _RESUMED),",
        "    (_P.PAUSED,                 _T.SHORT_PRESS):        (_P.RECORDING,              _RESUMED),\n"
        "    (_P.PAUSED,                 _T.PAUSE_COMMAND):      (_P.RECORDING,              _RESUMED),",
    ),
    Mutation(
        "ready whatever the preflight says",
        "firmware/consent.py",
        "return Phase.NOT_READY if target is IDLE and reasons else target",
        "return target",
    ),
    Mutation(
        "withdrawn without being erased",
        "firmware/consent_table.py",
        "_ERASED = (*_SILENCED, Action.ERASE_TAPE)",
        "_ERASED = (*_SILENCED, Action.CLOSE_TAPE)",
    ),
    Mutation(
        "listens until the confirming press",
        "firmware/consent_table.py",
        "_ASKED = (*_SILENCED, Action.WRITE_PAUSED)",
        "_ASKED = (Action.SHOW_LIGHT,)",
    ),
    Mutation(
        "recording after a start",
        "firmware/consent.py",
        "return ConsentState(_resolve(IDLE, reasons), now_ms, reasons)",
        "return ConsentState(Phase.PAUSED, now_ms, reasons)",
    ),
    # the light
    Mutation(
        "dark while recording",
        "firmware/consent_table.py",
        'Phase.RECORDING: Light("on", green=False)',
        'Phase.RECORDING: Light("off", green=False)',
    ),
    Mutation(
        "green while recording",
        "firmware/consent_table.py",
        'Phase.RECORDING: Light("on", green=False)',
        'Phase.RECORDING: Light("on", green=True)',
    ),
    Mutation(
        "steady red on a fault",
        "firmware/consent_table.py",
        'Phase.MICROPHONE_LOST: Light("double_blink", green=False)',
        'Phase.MICROPHONE_LOST: Light("on", green=False)',
    ),
    Mutation("a blink that stays lit", "firmware/light.py", "return passed % 2 == 0", "return True"),
    Mutation(
        "read-back believes what was asked for",
        "firmware/lamp.py",
        "return self._panel.shown() == self._levels",
        "return True",
    ),
    Mutation(
        "a lamp that answers is not asked again",
        "firmware/watch.py",
        "    if not lamp.answers():\n        return Fault.LIGHT_DEAD\n",
        "",
    ),
    Mutation(
        "silence is no fault",
        "firmware/watch.py",
        "return now_ms - last_block_ms > block_timeout_ms",
        "return False",
    ),
    Mutation(
        "a storage that hangs is no fault",
        "firmware/watch.py",
        "> STORAGE_PATIENCE_MS\n",
        "> 1_000_000\n",
    ),
    # the seal
    Mutation(
        "acknowledged before it is durable",
        "firmware/tape/segment_file.py",
        "        os.fdatasync(self._fd)\n        if is_first:",
        "        if is_first:",
    ),
    Mutation(
        "new segment's name not durable",
        "firmware/tape/segment_file.py",
        "        if is_first:\n            sync_folder(self._folder)\n",
        "",
    ),
    Mutation(
        "heartbeat before the seal",
        "firmware/capture.py",
        "        if not self._try(partial(self._tape.append_audio, pcm)):",
        "        self._on_sealed()\n        if not self._try(partial(self._tape.append_audio, pcm)):",
    ),
    Mutation(
        "heartbeat although the tape refused",
        "firmware/capture.py",
        "            self._unsealable_samples += samples\n            return\n",
        "            self._unsealable_samples += samples\n            self._on_sealed()\n            return\n",
    ),
    Mutation(
        "lost sound not declared",
        "firmware/capture.py",
        "        elif self._try(partial(self._tape.append_gap, missing.samples)):",
        "        elif True:",
    ),
    Mutation(
        "files before the key",
        "firmware/tape/folder.py",
        "        _destroy_head(folder)\n        _remove_files(folder)",
        "        _remove_files(folder)\n        _destroy_head(folder)",
    ),
    Mutation(
        "key removed but not overwritten",
        "firmware/tape/folder.py",
        "        write_all(fd, bytes(HEAD_BYTES))\n",
        "",
    ),
    Mutation(
        "tape erased without a note",
        "firmware/tape/withdrawal.py",
        "    note_withdrawal(tapes_dir, withdrawal)\n    erase_tape",
        "    erase_tape",
    ),
    # the last minutes, erased
    Mutation(
        "goes on listening while the last minutes are erased",
        "firmware/consent_table.py",
        "(*_PAUSED, *_END_ERASED)),",
        "_END_ERASED),",
    ),
    Mutation("erased minutes keep their keys", "firmware/tape/cut.py", "        _destroy_keys(folder, plan)\n", ""),
    Mutation(
        "erased minutes keep their sealed sound",
        "firmware/tape/cut.py",
        "        _destroy_records(folder, plan)\n        _write_segment(folder, plan)\n",
        "        _write_segment(folder, plan)\n",
    ),
    Mutation(
        "erasing begins before its plan is durable",
        "firmware/tape/cut.py",
        "        write_all(fd, hashlib.sha256(body).digest() + body)\n        os.fsync(fd)\n",
        "        write_all(fd, hashlib.sha256(body).digest() + body)\n",
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutations", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="WORD", help="only mutations whose name has this word")
    args = parser.parse_args()
    chosen = [mutation for mutation in MUTATIONS if args.only in mutation.name]
    with tempfile.TemporaryDirectory(prefix="tacet") as folder:
        copy = _copy_tree(Path(folder))
        assert _tests_pass(copy), "the tests fail without any mutation"
        verdicts = {mutation.name: _verdict(copy, mutation) for mutation in chosen}
    killed = sum(verdict == "killed" for verdict in verdicts.values())
    sys.stdout.write(f"\n{killed} of {len(chosen)} mutations killed\n")
    return 0 if killed == len(chosen) else 1


def _verdict(copy: Path, mutation: Mutation) -> str:
    path = copy / mutation.file
    original = path.read_text()
    if original.count(mutation.old) != 1:
        verdict = "OUT OF DATE"
    else:
        path.write_text(original.replace(mutation.old, mutation.new))
        verdict = "SURVIVED" if _tests_pass(copy, mutation.file) else "killed"
        path.write_text(original)
    sys.stdout.write(f"{verdict:12} {mutation.name} ({mutation.file})\n")
    sys.stdout.flush()
    return verdict


def _copy_tree(folder: Path) -> Path:
    for name in _COPIED:
        source = _TREE / name
        ignored = shutil.ignore_patterns("node_modules", "__pycache__")
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    return folder


def _tests_pass(copy: Path, changed: str = "") -> bool:
    """All of them, but those that bear the changed file's or folder's name come first: they fail soonest."""
    words = {*Path(changed).parts[1:-1], Path(changed).stem.split("_")[0]}
    tests = [name for name in _TESTS if (copy / name).exists()]
    tests.sort(key=lambda name: not any(f"test_{word}" in name for word in words))
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"PYTHONPATH": str(copy)}  # before the checkout that is installed
    done = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    assert done.returncode in {0, 1, 2}, done.stdout + done.stderr
    return done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())
