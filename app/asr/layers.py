"""The layers that Whisper's encoder and decoder are built of, as OpenVINO's nodes. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as op

EPSILON = 1e-5
MOST_INT8 = 127
MATRIX = 2  # dimensions
ROWS_AT_ONCE = 1_024  # of a matrix as float32, for the memory

Weights = dict[str, NDArray[np.generic]]
Bits = NDArray[np.uint16]  # of bfloat16 values, which numpy has no type for
Encoded = NDArray[np.float32]  # what the decoder listens to, shape (1, positions of the sound, width)
Constant = Callable[[NDArray[np.generic]], ov.Node]


def count_of(weights: Weights) -> int:
    """How many layers there are."""
    layers = {name.split("/")[0] for name in weights if name.startswith("layer_")}
    return len(layers - {"layer_norm"})


def multiplied(flow: ov.Node, weights: Weights, name: str, kind: "Kind") -> ov.Node:
    """A linear layer."""
    product = op.matmul(flow, kind.matrix(weights[f"{name}/weight"]), transpose_a=False, transpose_b=True)
    return op.add(product, kind.vector(weights[f"{name}/bias"]))


def turned(flow: ov.Node, weights: Weights, name: str, kind: "Kind") -> ov.Node:
    """A linear layer whose values stand one channel after the other."""
    product = op.matmul(kind.matrix(weights[f"{name}/weight"]), flow, transpose_a=False, transpose_b=True)
    return op.add(product, kind.vector(weights[f"{name}/bias"][:, np.newaxis]))


def normalised(flow: ov.Node, weights: Weights, name: str, kind: "Kind") -> ov.Node:
    even = op.mvn(flow, whole(-1), normalize_variance=True, eps=EPSILON, eps_mode="inside_sqrt")
    scaled = op.multiply(even, kind.vector(weights[f"{name}/gamma"]))
    return op.add(scaled, kind.vector(weights[f"{name}/beta"]))


def asked(flow: ov.Node, weights: Weights, name: str, kind: "Kind") -> ov.Node:
    """The first linear layer of an attention or feed-forward block, of what is made even before it."""
    return multiplied(normalised(flow, weights, f"{name}/layer_norm", kind), weights, f"{name}/linear_0", kind)


def forwarded(flow: ov.Node, weights: Weights, name: str, kind: "Kind") -> ov.Node:
    """The feed-forward block."""
    return multiplied(op.gelu(asked(flow, weights, name, kind), "erf"), weights, f"{name}/linear_1", kind)


def rounded(values: NDArray[np.generic]) -> ov.Node:
    """Round to bfloat16."""
    return op.constant(in_bfloat16(values))


def in_bfloat16(values: NDArray[np.generic]) -> ov.Tensor:
    """bfloat16 is the upper half of a float32; numpy has no such type."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    upper = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    tensor = ov.Tensor(ov.Type.bf16, ov.Shape(list(values.shape)))
    tensor.data.view(np.uint16)[...] = upper
    return tensor


@dataclass(frozen=True, slots=True)
class Given:
    """Matrices that a network is given with each question instead of holding them: networks share them so."""

    parameters: list[ov.Node] = field(default_factory=list)
    values: list[NDArray[np.generic]] = field(default_factory=list)

    def matrix(self, values: NDArray[np.generic]) -> ov.Node:
        """Ask for a matrix, rounded to bfloat16; what is no matrix the network holds."""
        if values.ndim != MATRIX:
            return rounded(values)
        self.parameters.append(op.parameter(list(values.shape), ov.Type.bf16))
        self.values.append(values)
        return self.parameters[-1]


def widened(bits: Bits) -> NDArray[np.float32]:
    """Give the values of bfloat16's bits."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def exact(values: NDArray[np.generic]) -> ov.Node:
    return op.constant(np.asarray(values, np.float32))


def as_int8(values: NDArray[np.generic]) -> ov.Node:
    """Keep each row as int8 and a scale, as CTranslate2 does; OpenVINO multiplies them as they are."""
    small, scales = ov.Tensor(ov.Type.i8, ov.Shape(values.shape)), np.empty((len(values), 1), np.float32)
    for first in range(0, len(values), ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        rows = np.asarray(values[part], np.float32)
        scales[part] = np.abs(rows).max(1, keepdims=True) / MOST_INT8
        scales[part][scales[part] == 0] = 1
        small.data[part] = np.rint(rows / scales[part])
    return op.multiply(op.convert(op.constant(small, shared_memory=True), "f32"), op.constant(scales))


@dataclass(frozen=True, slots=True)
class Kind:
    """How weights are kept."""

    matrix: Constant
    vector: Constant


MANY_ROWS = Kind(rounded, rounded)  # the time is that of multiplying
FEW_ROWS = Kind(as_int8, exact)  # the time is that of reading the weights


def whole(*numbers: int) -> ov.Node:
    return op.constant(np.array(numbers))
