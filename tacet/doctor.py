"""`tacet doctor`: every check of a running box on one line, with what to do. Reads only; holds no content, no names."""

import argparse
import json
import os
import shutil
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import assert_never

from app.box_parts import check_parts
from app.errors import TacetError
from app.finding import Finding, Verdict
from app.pool.seen import Standing, look
from app.selftest_state import read_selftest
from firmware import clock
from firmware.status import BoxState, BoxStatus
from firmware.thermal import Thermal
from models import ModelError, locate
from tacet.selftest.at_rest import RecorderSide
from tacet.settings import BoxSettings, load_settings

LEAST_FREE_BYTES = 2 * 1024**3
SLOWEST_SYNC_S = 2.0  # a recorder's ring holds 10 s; see docs/developers.md
ANSWERS_WITHIN_S = 5.0
PAGE_MARKS = (b"HTTP/1.1 ",)
MEASURED = ("disk speed", "speech speed")  # of the self-test: what takes a while


Check = Callable[[], Finding]


def examine(config: Path, root: Path = Path("/")) -> Iterator[Finding]:
    """All checks, one after another; a check that fails itself is a finding, too. `root` is where proc and sys are."""
    try:
        settings = load_settings(config)
    except TacetError as error:
        yield Finding("settings", Verdict.BROKEN, str(error))
        return
    yield _settings(settings)
    status = RecorderSide(settings.app.run_dir / "recorder.sock").status()
    yield _recorder(status)
    if status is not None:
        yield from check_parts(status)
    for name, check in _checks(settings, root).items():
        try:
            yield check()
        except OSError as error:
            remedy = "Run this as root on the box: tacet doctor"
            yield Finding(name, Verdict.BROKEN, f"It could not be looked at ({error.strerror or error}).", remedy)
    yield from _measured(settings.app.data_dir)


def _checks(settings: BoxSettings, root: Path) -> dict[str, Check]:
    run_dir = settings.app.run_dir
    return {
        "speech": partial(_answers, "speech", run_dir / "asr.sock", "Transcription waits.", "tacet-asr"),
        "pool": partial(_pool, run_dir),
        "page": partial(_page, settings.app.port),
        "model": partial(_model, settings),
        "storage": partial(_storage, settings.app.data_dir),
        "temperature": partial(_temperature, settings.recorder.max_temperature_c, root),
        "clock": _clock,
        "swap": partial(_swap, root),
    }


def _settings(settings: BoxSettings) -> Finding:
    problem = settings.recorder.configuration_problem
    if problem is None:
        return Finding("settings", Verdict.FINE, "tacet.toml is right.")
    return Finding("settings", Verdict.BROKEN, problem, "Mend that line on the boot partition and start the box again.")


def _recorder(status: BoxStatus | None) -> Finding:
    if status is None:
        remedy = "Look with: journalctl -u tacet-recorder; if it stays, start the box again."
        return Finding("recorder", Verdict.BROKEN, "The recorder does not answer: nothing can be recorded.", remedy)
    verdict = Verdict.ATTENTION if status.state in {BoxState.NOT_READY, BoxState.FAULT} else Verdict.FINE
    said = f"It is {status.state.value.replace('_', ' ')}, with {status.microphone}."
    return Finding("recorder", verdict, said, " ".join(status.reasons))


def _measured(data_dir: Path) -> Iterator[Finding]:
    """What the last self-test has measured; what can be seen at once stands in the other lines."""
    kept = read_selftest(data_dir)
    if kept is None:
        yield Finding("self-test", Verdict.NOT_TRIED, "This device has not measured itself.", "Run: tacet selftest")
        return
    for found in kept.findings:
        if found.check in MEASURED:
            yield found


def _answers(check: str, path: Path, otherwise: str, unit: str) -> Finding:
    with socket.socket(socket.AF_UNIX) as there:
        there.settimeout(ANSWERS_WITHIN_S)
        try:
            there.connect(str(path))
        except OSError:
            remedy = f"Look with: journalctl -u {unit}"
            return Finding(check, Verdict.BROKEN, f"The process does not answer. {otherwise}", remedy)
    return Finding(check, Verdict.FINE, "The process answers.")


def _pool(run_dir: Path) -> Finding:
    """What the box's link says; that there is none is fine, too."""
    seen = look(run_dir)
    itself = "This box hears by itself meanwhile."
    match seen.standing:
        case Standing.OFF:
            return Finding("pool", Verdict.FINE, "This box is in none, and hears by itself.")
        case Standing.UNUSED:
            return Finding("pool", Verdict.FINE, "tacet.toml says use = false in [pool]: this box hears by itself.")
        case Standing.REACHABLE if seen.workers:
            return Finding("pool", Verdict.FINE, f"{seen.pool} hears, with {len(seen.workers)} of its machines.")
        case Standing.REACHABLE:
            said = f"{seen.pool} has no machine that hears. {itself}"
            return Finding("pool", Verdict.ATTENTION, said, "Start one there: tacet pool worker")
        case Standing.STOPPED:
            said = f"The link to it does not answer. {itself}"
            return Finding("pool", Verdict.ATTENTION, said, "Look with: journalctl -u tacet-pool-link")
        case Standing.JOINED | Standing.JOINING | Standing.REFUSED | Standing.AWAY:
            said = f"{seen.pool or 'The pool'} is {seen.standing.value}. {seen.sentence}".rstrip()
            return Finding("pool", Verdict.ATTENTION, said, itself)
    assert_never(seen.standing)


def _page(port: int) -> Finding:
    """Whether it is served over TLS; whose certificate it is does not matter on the box itself."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("127.0.0.1", port), ANSWERS_WITHIN_S) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as page,
        ):
            page.sendall(f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode())
            answered = page.recv(16)
    except OSError:
        answered = b""
    if answered.startswith(PAGE_MARKS):
        return Finding("page", Verdict.FINE, f"It is served on port {port}.")
    return Finding("page", Verdict.BROKEN, f"Nothing is served on port {port}.", "Look with: journalctl -u tacet-app")


def _model(settings: BoxSettings) -> Finding:
    try:
        locate(settings.asr.models_dir, settings.asr.model)
    except ModelError as error:
        return Finding("model", Verdict.BROKEN, str(error))
    return Finding("model", Verdict.FINE, f"{settings.asr.model} is whole and the pinned one.")


def _storage(data_dir: Path) -> Finding:
    free = shutil.disk_usage(data_dir).free
    sync_s = _sync_s(data_dir / "identity") if os.access(data_dir / "identity", os.W_OK) else None
    said = f"{free / 1024**3:.1f} GiB are free" + (
        "." if sync_s is None else f"; a write takes {sync_s * 1000:.0f} ms."
    )
    if free < LEAST_FREE_BYTES:
        return Finding(
            "storage", Verdict.ATTENTION, said, "Have approved sessions' sound erased, or use a larger disk."
        )
    if sync_s is not None and sync_s > SLOWEST_SYNC_S:
        return Finding("storage", Verdict.ATTENTION, said, "That is slow; the card may be worn out. Replace it.")
    return Finding("storage", Verdict.FINE, said)


def _sync_s(folder: Path) -> float:
    probe = folder / ".doctor"
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        began_s = time.monotonic()
        os.write(descriptor, bytes(32_000))  # a second of sound
        os.fdatasync(descriptor)
        return time.monotonic() - began_s
    finally:
        os.close(descriptor)
        probe.unlink()


def _temperature(limit_c: float, root: Path) -> Finding:
    reasons = Thermal(limit_c, root).reasons()
    if reasons:
        return Finding("temperature", Verdict.ATTENTION, " ".join(reasons))
    return Finding("temperature", Verdict.FINE, f"Below {limit_c:g} °C, and the supply is strong enough.")


def _clock() -> Finding:
    if clock.is_trusted():
        return Finding("clock", Verdict.FINE, "It was set by the network.")
    remedy = "Let the box reach a time server (UDP 123), or name the clinic's own in [network] time_servers."
    return Finding("clock", Verdict.ATTENTION, "It was not set by the network since the last start.", remedy)


def _swap(root: Path) -> Finding:
    if len((root / "proc/swaps").read_text().splitlines()) > 1:
        remedy = "Switch it off: swapoff -a"
        return Finding("swap", Verdict.BROKEN, "The machine swaps: keys and speech may reach the disk.", remedy)
    return Finding("swap", Verdict.FINE, "There is none: keys and speech stay in memory.")


def add_arguments(parser: argparse.ArgumentParser, config: Path) -> None:
    parser.description = "Check the running box. Ends with 1 when something is broken, 0 otherwise."
    parser.add_argument("--config", type=Path, default=config, help=f"configuration file (default {config})")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    findings = []
    for finding in examine(args.config):
        findings.append(finding)
        if not args.json:
            print(finding, flush=True)
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    return 1 if any(finding.verdict is Verdict.BROKEN for finding in findings) else 0
