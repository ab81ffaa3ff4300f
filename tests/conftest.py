import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def campplus() -> Path:
    """The folder of the real model that tells voices apart, as set-up fetched it."""
    folder = Path(os.environ.get("TACET_MODELS_DIR") or CHECKOUT / "build/models") / "campplus"
    if not folder.exists():
        pytest.fail(f"{folder} is not there; `make setup` fetches it")
    return folder
