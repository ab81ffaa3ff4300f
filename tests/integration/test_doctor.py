import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.pool_link import AWAY, REACHABLE, REFUSED, link_that_says
from support.ports import free_port

from app.finding import Finding, Verdict
from app.pool.seen import PoolSeen
from app.selftest_state import SelfTestResult, keep_selftest
from firmware.light import Light
from firmware.status import BoxState, BoxStatus, Parts, Trial, encode
from tacet.__main__ import main
from tacet.doctor import examine
from tacet.settings import write_settings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    (tmp_path / "data").mkdir()
    path = tmp_path / "tacet.toml"
    places = {name: tmp_path / folder for name, folder in (("data_dir", "data"), ("run_dir", "run"))}
    write_settings(path, places | {"models_dir": tmp_path / "models", "app": {"port": free_port()}})
    return path


@contextmanager
def recorder_that_says(path: Path, line: bytes) -> Iterator[None]:
    """A recorder's socket that greets one client."""

    def greet() -> None:
        with listener.accept()[0] as client:
            client.sendall(line)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        greeting = threading.Thread(target=greet)
        greeting.start()
        try:
            yield
        finally:
            greeting.join()


def findings(config: Path, root: Path = Path("/")) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine(config, root)}


def test_doctor__a_box_that_does_not_run__names_each_part_and_what_to_do(config: Path) -> None:
    found = findings(config)
    for check in ("recorder", "speech", "page", "model"):
        assert found[check].verdict is Verdict.BROKEN
        assert found[check].remedy or "tacet models" in found[check].sentence
    assert found["settings"].verdict is Verdict.FINE
    assert "\n" not in "".join(str(finding) for finding in found.values())


def test_doctor__a_recorder_that_is_not_ready__passes_its_reasons_on(config: Path) -> None:
    light = Light("double_blink", green=False)
    parts = Parts(button=Trial.WORKS, microphone=Trial.BROKEN)
    said = BoxStatus(
        state=BoxState.NOT_READY, reasons=("No microphone.",), light=light, microphone="the default input", parts=parts
    )
    with recorder_that_says(config.parent / "run" / "recorder.sock", encode(said)):
        found = findings(config)
    assert (found["recorder"].verdict, found["recorder"].remedy) == (Verdict.ATTENTION, "No microphone.")
    verdicts = [found[part].verdict for part in ("button", "light", "microphone")]
    assert verdicts == [Verdict.FINE, Verdict.NOT_TRIED, Verdict.BROKEN]


def test_doctor__a_device_that_has_measured_itself__says_how_fast_it_is(config: Path) -> None:
    assert findings(config)["self-test"].verdict is Verdict.NOT_TRIED
    slow = Finding("disk speed", Verdict.ATTENTION, "It takes 1 MB a second.")
    keep_selftest(config.parent / "data", SelfTestResult(version="1", model="base", at_ms=1, findings=(slow,)))
    found = findings(config)
    assert "self-test" not in found
    assert found["disk speed"] == slow


def test_doctor__a_machine_that_swaps__is_broken(config: Path, tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "swaps").write_text("Filename Type\n/dev/sda2 partition\n")
    assert findings(config, tmp_path)["swap"].verdict is Verdict.BROKEN


def test_doctor__a_mistake_in_the_settings__is_said_and_nothing_else_is_looked_at(config: Path) -> None:
    config.write_text("[app]\nport = 0\n")
    (found,) = examine(config)
    assert found.verdict is Verdict.BROKEN
    assert "line 2" in found.sentence


def test_doctor__as_json__has_every_check_and_fails_when_one_is_broken(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--config", str(config), "--json"]) == 1
    checks = [finding["check"] for finding in json.loads(capsys.readouterr().out)]
    running = ["settings", "recorder", "speech", "pool", "page", "model", "storage", "temperature", "clock", "swap"]
    assert checks == [*running, "self-test"]


@pytest.mark.parametrize(
    ("seen", "verdict", "words"),
    [
        (REACHABLE, Verdict.FINE, "clinic hears"),
        (AWAY, Verdict.ATTENTION, "Nobody answers"),
        (REFUSED, Verdict.ATTENTION, "same version"),
    ],
    ids=["hears", "away", "refused"],
)
def test_doctor__a_box_in_a_pool__says_how_it_stands(
    config: Path, seen: PoolSeen, verdict: Verdict, words: str
) -> None:
    assert findings(config)["pool"].verdict is Verdict.FINE
    with link_that_says(config.parent / "run", seen):
        found = findings(config)["pool"]
    assert found.verdict is verdict
    assert words in found.sentence
