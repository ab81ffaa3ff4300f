"""The weights in a CTranslate2 model's `model.bin`, read one by one.

The layout is CTranslate2's own (`Model::load` in its `src/models/model.cc`), binary version 6, little-endian: version,
name of the specification, its revision, number of variables; then for each its name, rank, dimensions, type, bytes.
"""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

VERSION = 6
TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}


class UnknownLayoutError(Exception):
    """The file is of a layout that is not known here."""


def variables(path: Path, prefix: str) -> dict[str, NDArray[np.generic]]:
    """Give the variables whose names begin with `prefix`, by the rest of their names; others are skipped unread.

    Raises:
        UnknownLayoutError: another version, or a type that is not known here.
    """
    found = dict[str, NDArray[np.generic]]()
    with path.open("rb") as file:
        if (version := _number(file, "<I")) != VERSION:
            raise UnknownLayoutError(f"{path.name} is of version {version}, not {VERSION}")
        _name(file)
        _number(file, "<I")
        for _ in range(_number(file, "<I")):
            name = _name(file)
            shape = [_number(file, "<I") for _ in range(_number(file, "<B"))]
            kind, size = _number(file, "<B"), _number(file, "<I")
            if not name.startswith(prefix):
                file.seek(size, 1)
                continue
            if kind not in TYPES:
                raise UnknownLayoutError(f"{name} in {path.name} is of the unknown type {kind}")
            found[name.removeprefix(prefix)] = np.frombuffer(file.read(size), TYPES[kind]).reshape(shape)
    return found


def _number(file: BinaryIO, layout: str) -> int:
    return int(struct.unpack(layout, file.read(struct.calcsize(layout)))[0])


def _name(file: BinaryIO) -> str:
    return file.read(_number(file, "<H"))[:-1].decode()
