"""One PulseAudio for all the tests of a file: starting it and waiting for its first sound takes three seconds."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.pulse import PulseMicrophone, missing_programs
from support.recorder_process import RecorderProcess

RATE_HZ = 16_000


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, unlike pytest's: a Unix socket's path has 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="tacet"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def _server_of_this_file() -> Iterator[PulseMicrophone]:
    if (reason := missing_programs()) is not None:
        pytest.skip(reason)
    path = Path(tempfile.mkdtemp(prefix="tacet"))
    with PulseMicrophone(path / "pa", RATE_HZ) as server:
        yield server
    shutil.rmtree(path)


@pytest.fixture
def server(_server_of_this_file: PulseMicrophone) -> PulseMicrophone:
    """A server that runs, with one channel at 16 kHz, whatever the test before has done to it."""
    _server_of_this_file.restore()
    return _server_of_this_file


@pytest.fixture
def box(folder: Path, server: PulseMicrophone) -> Iterator[RecorderProcess]:
    """A recorder at that microphone."""
    with RecorderProcess(folder, environment=os.environ | server.environment) as box:
        yield box
