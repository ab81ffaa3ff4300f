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
    Given,
    Kind,
    Weights,
    asked,
    count_of,
    forwarded,
    in_bfloat16,
    multiplied,
    normalised,
    rounded,
    whole,
)
from app.asr.memory import give_back
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
        """Build and compile the networks, a second; it works while it has the `processors`.

        Raises:
            UnknownLayoutError: the model's file is not one that can be read here.
        """
        self._whole, self._short = _requests(folder, threads)
        give_back()
        self._turn, self._processors = Lock(), processors
        bands = self._whole.get_input_tensor(0).shape[1]
        for frames in (FRAMES, MOST_SHORT):  # takes the memory of the longest now, not in the middle of a session
            self.encode(np.zeros((bands, frames), np.float32))

    def encode(self, features: Features) -> Encoded:
        """Give what the decoder listens to, shape (1, frames / 2, width).

        Args:
            features: a spectrogram, shape (mel bands, frames); an even number of frames, at most 3000.
        """
        frames = features.shape[-1]
        request, shown = (self._short, frames) if frames <= MOST_SHORT else (self._whole, FRAMES)
        columns = np.pad(features, ((0, 0), (0, shown - frames)))[np.newaxis]
        with self._turn, self._processors:
            (found,) = request.infer({0: columns}, share_inputs=True, share_outputs=True).values()
            return np.array(found[:, : frames // 2], np.float32)


def _requests(folder: Path, threads: int) -> tuple[ov.InferRequest, ov.InferRequest]:
    """Give one for windows of 30 s and one for those of any length; the file's own weights are gone by then."""
    options = {"INFERENCE_PRECISION_HINT": "bf16", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
    weights = variables(folder / "model.bin", "encoder/")
    (of_30_s, given), (of_any, _) = (_network(weights, frames) for frames in (FRAMES, ANY))
    tensors = [in_bfloat16(matrix) for matrix in given.values]
    whole_windows, any_windows = (
        ov.Core().compile_model(network, "CPU", options).create_infer_request() for network in (of_30_s, of_any)
    )
    for request in (whole_windows, any_windows):
        for number, tensor in enumerate(tensors, start=1):
            request.set_input_tensor(number, tensor)
    return whole_windows, any_windows


def _network(weights: Weights, frames: int) -> tuple[ov.Model, Given]:
    """Make a network for windows of so many frames, or of any number, and tell what it is to be given beside them.

    The time of a window falls faster than its length, but one network of any length takes a tenth longer for a whole
    window than one whose sizes are known beforehand. So there are two (docs/decisions/0089, 0090).
    """
    given = Given()
    kind, bands, heads = Kind(given.matrix, rounded), weights["conv1/weight"].shape[1], int(weights["num_heads"])
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
    return ov.Model([op.result(encoded)], [features, *given.parameters], "encoder"), given


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
