import os
import signal
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]

# These hold the recorder to times of a second or two, so they run after all the others with nothing beside them.
ALONE = {
    "test_capture_process.py",
    "test_faults.py",
    "test_recorder_pulse.py",
    "test_simulator.py",
    "test_web_connections.py",
    "test_whole_path.py",
}

# Started in the background of a shell, this process is deaf to Ctrl-C, and so would be what it starts and asks to end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name in ALONE:
            item.add_marker(pytest.mark.alone)


@pytest.fixture(scope="session")
def campplus() -> Path:
    """The folder of the real model that tells voices apart, as set-up fetched it."""
    folder = Path(os.environ.get("TACET_MODELS_DIR") or CHECKOUT / "build/models") / "campplus"
    if not folder.exists():
        pytest.fail(f"{folder} is not there; `make setup` fetches it")
    return folder
