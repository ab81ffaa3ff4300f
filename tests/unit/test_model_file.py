import struct
from pathlib import Path

import numpy as np
import pytest

from app.asr.model_file import UnknownLayoutError, variables


def written(path: Path, named: dict[str, np.ndarray], version: int = 6, kind: int | None = None) -> Path:
    """As CTranslate2's `Model.save` writes it."""

    def name(text: str) -> bytes:
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    kinds = {"float32": 0, "int8": 1, "int16": 2, "float16": 4}
    parts = [struct.pack("<I", version), name("WhisperSpec"), struct.pack("<II", 3, len(named))]
    for text, values in named.items():
        parts += [name(text), struct.pack("<B", values.ndim), *(struct.pack("<I", one) for one in values.shape)]
        parts += [
            struct.pack("<BI", kinds[str(values.dtype)] if kind is None else kind, values.nbytes),
            values.tobytes(),
        ]
    path.write_bytes(b"".join(parts))
    return path


def test_variables__of_one_part__come_with_shape_and_type_by_the_rest_of_their_names(tmp_path: Path) -> None:
    weights = np.arange(6, dtype=np.float16).reshape(2, 3)
    path = written(
        tmp_path / "model.bin",
        {"decoder/weight": np.ones(4, np.int8), "encoder/weight": weights, "encoder/num_heads": np.array(8, np.int16)},
    )
    found = variables(path, "encoder/")
    assert set(found) == {"weight", "num_heads"}
    assert found["weight"].dtype == np.float16
    assert np.array_equal(found["weight"], weights)
    assert int(found["num_heads"]) == 8


def test_variables__of_another_version__are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownLayoutError, match="version 7"):
        variables(written(tmp_path / "model.bin", {}, version=7), "encoder/")


def test_variables__of_an_unknown_type__are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "model.bin", {"encoder/weight": np.ones(1, np.float32)}, kind=9)
    with pytest.raises(UnknownLayoutError, match="type 9"):
        variables(path, "encoder/")
