"""Whisper's encoder on OpenVINO, from the weights of the CTranslate2 model.

On a CPU with bfloat16 (AMX or AVX-512) it takes a third of the time of CTranslate2's int8 encoder and is nearer to the
exact result. The network is that of `whisper/model.py` (AudioEncoder).
"""

from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock

import numpy as np
import openvino as ov
from openvino import opset13 as op

from app.asr.engine import Features
from app.asr.layers import (
    Encoded,
    Kind,
    Weights,
    asked,
    count_of,
    forwarded,
    multiplied,
    normalised,
    rounded_once,
    whole,
)
from app.asr.model_file import variables

FRAMES = 3_000  # columns of the spectrogram: 30 s
MOST_SHORT = 2_000  # columns; the longer the windows of any length may be, the more memory they hold
ANY = -1  # as a size: told by what is given
CPU_INFO = Path("/proc/cpuinfo")
PARTS = 3  # query, key and value stand in one matrix


def has_bfloat16() -> bool:
    """Tell whether this CPU multiplies in bfloat16, without which CTranslate2's own encoder is the better one.

    OpenVINO reads about it in /sys and, where that says too little, in /proc/cpuinfo; without either it never ends.
    """
    return CPU_INFO.exists() and "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class FastEncoder:
    """Encodes one spectrogram at a time in bfloat16; may be asked by several at once. A second request takes 30 MB."""

    def __init__(self, folder: Path, threads: int, processors: AbstractContextManager[object]) -> None:
        """Build and compile the network, half a second; it works while it has the `processors`.

        Raises:
            UnknownLayoutError: the model's file is not one that can be read here.
        """
        options = {"INFERENCE_PRECISION_HINT": "bf16", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
        network = _network(variables(folder / "model.bin", "encoder/"))
        self._request = ov.Core().compile_model(network, "CPU", options).create_infer_request()
        self._turn, self._processors = Lock(), processors

    def encode(self, features: Features) -> Encoded:
        """Give what the decoder listens to, shape (1, frames / 2, width).

        Args:
            features: a spectrogram, shape (mel bands, frames); an even number of frames, at most 3000.
        """
        frames = features.shape[-1]
        behind = FRAMES - frames if frames > MOST_SHORT else 0
        given = np.pad(features, ((0, 0), (0, behind)))[np.newaxis]
        with self._turn, self._processors:
            (found,) = self._request.infer({0: given}, share_inputs=True, share_outputs=True).values()
            return np.array(found[:, : frames // 2], np.float32)


def _network(weights: Weights) -> ov.Model:
    """Two networks of the same weights: for a whole window, whose sizes are known beforehand, and for a shorter one.

    The time of a window falls faster than its length; one network of any length would take a tenth longer for a whole
    one (docs/decisions/0089).
    """
    features = op.parameter([1, weights["conv1/weight"].shape[1], ANY], np.float32, "features")
    rounded = rounded_once()
    kind = Kind(rounded, rounded)
    either = op.if_op(op.squeeze(op.equal(_size(features, 2), whole(FRAMES)), whole(0)).output(0))
    if_whole, if_short = (_of_length(weights, kind, frames) for frames in (FRAMES, ANY))
    either.set_then_body(if_whole)
    either.set_else_body(if_short)
    either.set_input(features.output(0), *(body.get_parameters()[0] for body in (if_whole, if_short)))
    encoded = either.set_output(*(body.get_results()[0] for body in (if_whole, if_short)))
    return ov.Model([op.result(encoded)], [features], "encoder")


def _of_length(weights: Weights, kind: Kind, frames: int) -> ov.Model:
    bands, heads = weights["conv1/weight"].shape[1], int(weights["num_heads"])
    features = op.parameter([1, bands, frames], np.float32)
    flow = _convolved(op.convert(features, "bf16"), weights, "conv1", 1, kind)
    flow = _convolved(flow, weights, "conv2", 2, kind)
    flow = op.transpose(flow, whole(0, 2, 1))
    places = kind.matrix(weights["position_encodings/encodings"][np.newaxis, : FRAMES // 2])
    flow = op.add(flow, op.slice(places, whole(0), _size(flow, 1), whole(1), whole(1)))
    for number in range(count_of(weights)):
        flow = op.add(flow, _attended(flow, weights, f"layer_{number}/self_attention", heads, kind))
        flow = op.add(flow, forwarded(flow, weights, f"layer_{number}/ffn", kind))
    encoded = op.convert(normalised(flow, weights, "layer_norm", kind), "f32")
    return ov.Model([op.result(encoded)], [features], "window")


def _size(flow: ov.Node, axis: int) -> ov.Node:
    return op.gather(op.shape_of(flow, "i64"), whole(axis), op.constant(0))


def _convolved(flow: ov.Node, weights: Weights, name: str, stride: int, kind: Kind) -> ov.Node:
    convolved = op.convolution(flow, kind.matrix(weights[f"{name}/weight"]), [stride], [1], [1], [1])
    return op.gelu(op.add(convolved, kind.vector(weights[f"{name}/bias"][np.newaxis, :, np.newaxis])), "erf")


def _attended(flow: ov.Node, weights: Weights, name: str, heads: int, kind: Kind) -> ov.Node:
    width = weights[f"{name}/linear_1/bias"].shape[0]
    split = op.reshape(asked(flow, weights, name, kind), whole(1, -1, PARTS, heads, width // heads), special_zero=False)
    parts = op.split(op.transpose(split, whole(2, 0, 3, 1, 4)), op.constant(0), PARTS)
    query, key, value = (op.squeeze(parts.output(part), whole(0)) for part in range(PARTS))
    mixed = op.transpose(op.scaled_dot_product_attention(query, key, value), whole(0, 2, 1, 3))
    joined = op.reshape(mixed, whole(1, -1, width), special_zero=False)
    return multiplied(joined, weights, f"{name}/linear_1", kind)
