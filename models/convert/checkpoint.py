"""The tensors of a PyTorch checkpoint, read without PyTorch and without running what is in it."""

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[np.float32]

_FLOATS, _COUNTS = "<f4", "<i8"


class _TensorsOnly(pickle.Unpickler):
    """Builds arrays and nothing else: any other class or function that the pickle names is refused."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{root}/data.pkl")))
        self._archive, self._root = archive, root

    def find_class(self, module: str, name: str) -> Any:
        allowed = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch", "FloatStorage"): _FLOATS,
            ("torch", "LongStorage"): _COUNTS,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        }
        if (module, name) not in allowed:
            raise ValueError(f"the checkpoint names {module}.{name}, which is no tensor")
        return allowed[module, name]

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        _, kind, key, _, _ = pid
        return np.frombuffer(self._archive.read(f"{self._root}/data/{key}"), kind)


def _tensor(storage: NDArray[Any], offset: int, shape: tuple[int, ...], *_strides_and_gradient: Any) -> NDArray[Any]:
    return storage[offset : offset + math.prod(shape)].reshape(shape)


def read_tensors(checkpoint: bytes) -> dict[str, Tensor]:
    """Give the checkpoint's float tensors by name.

    Raises:
        ValueError: it holds something else than tensors, or is no checkpoint.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(checkpoint)) as archive:
            root = archive.namelist()[0].split("/")[0]
            tensors = _TensorsOnly(archive, root).load()
    except (zipfile.BadZipFile, pickle.UnpicklingError, KeyError, IndexError) as error:
        raise ValueError("this is no checkpoint of PyTorch") from error
    return {name: tensor for name, tensor in tensors.items() if tensor.dtype == np.float32}
