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
    MANY_ROWS,
    Encoded,
    Weights,
    asked,
    count_of,
    forwarded,
    multiplied,
    normalised,
    rounded,
    whole,
)
from app.asr.model_file import variables

FRAMES = 3_000  # columns of the spectrogram: 30 s
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
        """Give what the decoder listens to, shape (1, 1500, width), of a spectrogram of shape (mel bands, 3000)."""
        with self._turn, self._processors:
            (found,) = self._request.infer({0: features[np.newaxis]}).values()
            return np.array(found, np.float32)


def _network(weights: Weights) -> ov.Model:
    bands, heads = weights["conv1/weight"].shape[1], int(weights["num_heads"])
    features = op.parameter([1, bands, FRAMES], np.float32, "features")
    flow = _convolved(op.convert(features, "bf16"), weights, "conv1", 1)
    flow = _convolved(flow, weights, "conv2", 2)
    flow = op.transpose(flow, whole(0, 2, 1))
    flow = op.add(flow, rounded(weights["position_encodings/encodings"][np.newaxis, : FRAMES // 2]))
    for number in range(count_of(weights)):
        flow = op.add(flow, _attended(flow, weights, f"layer_{number}/self_attention", heads))
        flow = op.add(flow, forwarded(flow, weights, f"layer_{number}/ffn", MANY_ROWS))
    encoded = op.convert(normalised(flow, weights, "layer_norm", MANY_ROWS), "f32")
    return ov.Model([encoded], [features], "encoder")


def _convolved(flow: ov.Node, weights: Weights, name: str, stride: int) -> ov.Node:
    convolved = op.convolution(flow, rounded(weights[f"{name}/weight"]), [stride], [1], [1], [1])
    return op.gelu(op.add(convolved, rounded(weights[f"{name}/bias"][np.newaxis, :, np.newaxis])), "erf")


def _attended(flow: ov.Node, weights: Weights, name: str, heads: int) -> ov.Node:
    width = weights[f"{name}/linear_1/bias"].shape[0]
    split = op.reshape(
        asked(flow, weights, name, MANY_ROWS), whole(1, FRAMES // 2, PARTS, heads, width // heads), special_zero=False
    )
    parts = op.split(op.transpose(split, whole(2, 0, 3, 1, 4)), op.constant(0), PARTS)
    query, key, value = (op.squeeze(parts.output(part), whole(0)) for part in range(PARTS))
    mixed = op.transpose(op.scaled_dot_product_attention(query, key, value), whole(0, 2, 1, 3))
    joined = op.reshape(mixed, whole(1, FRAMES // 2, width), special_zero=False)
    return multiplied(joined, weights, f"{name}/linear_1", MANY_ROWS)
