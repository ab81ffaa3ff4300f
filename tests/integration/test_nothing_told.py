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


BOX = """
import sys
import app.__main__, app.asr.__main__, app.pool.link, tacet.pool.command
print(sorted({"dask", "distributed", "tornado"} & set(sys.modules)))
"""

POOL = """
import os, socket
opened = []
class Watched(socket.socket):
    def __init__(self, *arguments, **named):
        opened.append(arguments)
        super().__init__(*arguments, **named)
socket.socket = Watched
import app.pool.cluster, app.pool.quiet, app.pool.security
app.pool.quiet.be_quiet()
print(len(opened), os.listdir(os.environ["HOME"]))
"""


def said_by(code: str, home: Path) -> str:
    environment = os.environ | {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, timeout=240, capture_output=True, text=True
    ).stdout.strip()


def test_box__its_programs__never_load_what_a_pool_hands_work_out_with(tmp_path: Path) -> None:
    assert said_by(BOX, tmp_path) == "[]"


def test_pool__loads_what_it_hands_work_out_with__asks_nobody_and_writes_nothing(tmp_path: Path) -> None:
    assert said_by(POOL, tmp_path) == "0 []"
