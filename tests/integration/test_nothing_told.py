"""No library tells its maker how it is used."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

HEAR = """
import numpy as np
from app.asr.voice_detector import voice_probabilities
voice_probabilities(np.zeros(16_000, np.float32))
"""


def test_openvino__is_installed__without_what_tells_its_maker() -> None:
    assert importlib.util.find_spec("openvino_telemetry") is None


def test_onnxruntime__has_heard_a_sound__kept_no_device_number(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", HEAR], env=environment | {"HOME": str(tmp_path)}, check=True, timeout=240)
    assert list(tmp_path.iterdir()) == []
