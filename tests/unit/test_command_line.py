"""`tacet`: every command is known, and none loads what another one needs."""

import subprocess
import sys

import pytest

from tacet.__main__ import main

LOADED = """
import contextlib, sys
from tacet.__main__ import main
with contextlib.suppress(SystemExit):
    main([{command!r}, "--help"])
import {wiring}
print(*sys.modules, file=sys.stderr)
"""


def loaded(command: str, wiring: str) -> set[str]:
    """What a process of this command has loaded once it is about to work."""
    script = LOADED.format(command=command, wiring=wiring)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_recorder__when_it_starts__has_loaded_no_vault_and_no_decoder() -> None:
    modules = loaded("recorder", "firmware.__main__, tacet.settings")
    assert "firmware.recorder" in modules
    assert not {"app.vault", "app.vault.vault", "sqlcipher3", "icalendar", "av"} & modules


def test_provision__when_it_starts__has_loaded_no_vault() -> None:
    assert not {"app.vault.vault", "sqlcipher3", "icalendar"} & loaded("provision", "tacet.provision.command")


@pytest.mark.parametrize("command", ["run", "backup", "restore", "rehearse", "audit", "doctor", "update", "console"])
def test_command__asked_for_help__tells_its_own_arguments(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: tacet {command}" in capsys.readouterr().out


def test_command__unknown__is_answered_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["recrod"])
    assert ended.value.code == 2
    assert "recorder" in capsys.readouterr().err
