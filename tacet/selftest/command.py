"""`tacet selftest`: what this device can do, measured on itself, beside no session. Keeps figures, never content."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path

from app.box_parts import TAKE_TURNS, check_parts
from app.errors import TacetError
from app.finding import Finding, Verdict
from app.selftest_state import FOLDER, SelfTestResult, keep_selftest, read_selftest
from firmware.status import Trial, TryLight
from tacet.selftest.at_rest import RecorderSide, SessionBegan
from tacet.selftest.board import check_model, check_temperature
from tacet.selftest.speech import PATIENCE_S, child_command, hear_for_speed, measure_speech
from tacet.selftest.storage import measure_storage
from tacet.settings import BoxSettings, load_settings
from tacet.update import running_version

CHECKOUT = Path(__file__).resolve().parents[2]
IMAGE_SPEECH = Path("/usr/share/tacet/selftest.wav")


def add_arguments(parser: argparse.ArgumentParser, config: Path) -> None:
    parser.description = (
        "Measure disk, model, speech and temperature of this device, and have button and light tried: green and red "
        "flash in turn until somebody presses the button. Waits for the end of a session and gives way to one."
    )
    parser.add_argument("--config", type=Path, default=config, help=f"configuration file (default {config})")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    parser.add_argument(
        "--if-due",
        action="store_true",
        help="as the box does at its start: only where this version and model were not tested yet; ends with 0",
    )
    parser.add_argument("--speech", type=Path, metavar="FILE", help="what is heard (default: half a minute of its own)")
    parser.add_argument("--only-speech", action="store_true", help=argparse.SUPPRESS)  # the part that can be ended
    parser.set_defaults(run=_run)


def selftest(settings: BoxSettings, config: Path, speech: Path, patience_s: float = PATIENCE_S) -> Iterator[Finding]:
    """All checks, one after another; each waits for the end of a session, and begins anew when one comes between.

    The light begins to be tried at once, where nobody has done so; somebody has two minutes, and is waited for.
    """
    recorder = RecorderSide(settings.app.run_dir / "recorder.sock")
    folder = settings.app.data_dir / FOLDER
    status = recorder.status()
    if status is not None and status.parts.light is not Trial.WORKS:
        print(TAKE_TURNS, file=sys.stderr, flush=True)
        recorder.send(TryLight())
    yield _at_rest(recorder, partial(_storage, folder, recorder.make_way))
    yield check_model(settings.asr.models_dir, settings.asr.model)
    hearing = partial(_speech, settings, config, speech, recorder.make_way, patience_s)
    yield _at_rest(recorder, hearing)
    yield check_temperature(settings.recorder.max_temperature_c)
    yield from check_parts(recorder.when_tried())


def _at_rest(recorder: RecorderSide, check: Callable[[], Finding]) -> Finding:
    while True:
        recorder.wait_for_rest()
        with suppress(SessionBegan):
            return check()


def _storage(folder: Path, make_way: Callable[[], None]) -> Finding:
    try:
        folder.mkdir(mode=0o755, exist_ok=True)
        return measure_storage(folder, make_way)
    except OSError as error:
        said = f"It cannot be written to ({error.strerror})."
        return Finding("disk speed", Verdict.BROKEN, said, "Run this as root, or make room.")


def _speech(
    settings: BoxSettings, config: Path, speech: Path, make_way: Callable[[], None], patience_s: float
) -> Finding:
    if not speech.is_file():
        said = f"There is no sound to try with ({speech})."
        return Finding("speech speed", Verdict.NOT_TRIED, said, "Name one: tacet selftest --speech FILE")
    return measure_speech(child_command(config, speech), settings.asr.model, make_way, patience_s)


def version() -> str:
    """Of the image; a checkout has none, and is tested when somebody asks."""
    try:
        return running_version()
    except (TacetError, OSError):
        return "a checkout"


def is_due(settings: BoxSettings) -> bool:
    """Whether this version has never tested this device with this model."""
    kept = read_selftest(settings.app.data_dir)
    return kept is None or (kept.version, kept.model) != (version(), settings.asr.model)


def _run(args: argparse.Namespace) -> int:
    settings = load_settings(args.config)
    speech = args.speech or _own_speech()
    if args.only_speech:
        print(json.dumps(asdict(hear_for_speed(settings.asr, speech))))
        return 0
    if args.if_due and not is_due(settings):
        print("This version has tested this device before.")
        return 0
    findings = list[Finding]()
    for finding in selftest(settings, args.config, speech):
        findings.append(finding)
        if not args.json:
            print(finding, flush=True)
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    _keep(settings, findings)
    return 1 if not args.if_due and any(one.verdict is Verdict.BROKEN for one in findings) else 0


def _own_speech() -> Path:
    made = CHECKOUT / "build/demo-session.wav"
    if not made.exists():
        return IMAGE_SPEECH
    from tacet.selftest.clip import cut  # noqa: PLC0415  of a checkout alone

    clip = CHECKOUT / "build/selftest.wav"
    if not clip.exists():
        draft = clip.with_suffix(f".{os.getpid()}")
        cut(made, draft)
        draft.replace(clip)
    return clip


def _keep(settings: BoxSettings, findings: list[Finding]) -> None:
    now_ms = time.time_ns() // 1_000_000
    result = SelfTestResult(version=version(), model=settings.asr.model, at_ms=now_ms, findings=tuple(findings))
    try:
        keep_selftest(settings.app.data_dir, result)
    except OSError as error:
        raise TacetError(f"The result could not be kept ({error.strerror}). Run this as root on the box.") from error
