import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from models.convert.campplus import campplus_onnx
from models.convert.checkpoint import read_tensors


def archive(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as written:
        written.writestr("archive/data.pkl", content)
    return packed.getvalue()


def test_read_tensors__pickle_that_would_run_a_command__is_refused(tmp_path: Path) -> None:
    touched = tmp_path / "touched"

    class Command:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (touched,))  # type: ignore[return-value]

    with pytest.raises(ValueError, match="which is no tensor"):
        read_tensors(archive(pickle.dumps({"weight": Command()})))
    assert not touched.exists()


@pytest.mark.parametrize("content", [b"", b"no zip", archive(b"no pickle")])
def test_read_tensors__something_else__is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="no checkpoint"):
        read_tensors(content)


def test_campplus__checkpoint_of_another_network__is_refused() -> None:
    with pytest.raises(ValueError, match="is not CAM"):
        campplus_onnx(archive(pickle.dumps({})))


def test_bundled_campplus__sounds_of_any_length__give_one_embedding_each(campplus: Path) -> None:
    session = onnxruntime.InferenceSession(str(campplus / "campplus.onnx"), providers=["CPUExecutionProvider"])
    for frames in (50, 150, 333):
        features = np.random.default_rng(frames).normal(0, 3, (2, frames, 80)).astype(np.float32)
        (embeddings,) = session.run(None, {"features": features})
        assert embeddings.shape == (2, 192)
        assert not np.allclose(embeddings[0], embeddings[1])
