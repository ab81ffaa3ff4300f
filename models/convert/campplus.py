"""CAM++ as an ONNX graph: a voice's embedding from its spectrogram. Pure: checkpoint in, ONNX out, byte for byte.

Input `features`, float32, shape (voices, frames of 10 ms, 80): log mel energies, their mean over time taken off.
Output `embedding`, float32, shape (voices, 192): its direction tells voices apart, its length means nothing.

Source: "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking", Wang et al.,
Interspeech 2023, arXiv 2303.00332; the shapes are those of the checkpoint.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from models.convert.checkpoint import Tensor, read_tensors

MELS, EMBEDDING = 80, 192
OPSET, IR_VERSION = 17, 8
BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation
POOLED_FRAMES = 100
NARROWEST_VARIANCE = 1e-5  # PyTorch's default for batch normalization


def campplus_onnx(checkpoint: bytes) -> bytes:
    """Convert `campplus_cn_en_common.pt`.

    Raises:
        ValueError: this is another checkpoint.
    """
    try:
        model = _Network(read_tensors(checkpoint)).build()
    except KeyError as error:
        raise ValueError(f"the checkpoint is not CAM++: it lacks {error}") from error
    return bytes(model.SerializeToString(deterministic=True))


class _Network:
    """Writes the graph from its input to its output; each method adds nodes and gives the name of what they make."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = tensors
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}

    def build(self) -> ModelProto:
        columns = self._node("Transpose", "features", perm=[0, 2, 1])
        self._frequency_and_time(self._node("Unsqueeze", columns, self._numbers("axis_1", [1])))
        graph = helper.make_graph(
            self._nodes,
            "campplus",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["voices", "frames", MELS])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["voices", EMBEDDING])],
            list(self._constants.values()),
        )
        return helper.make_model(
            graph, producer_name="tacet", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )

    def _frequency_and_time(self, image: str) -> None:
        image = self._relu(self._normal(self._conv(image, "head.conv1", pads=[1] * 4), "head.bn1"))
        for layer in ("head.layer1", "head.layer2"):
            image = self._residual(self._residual(image, f"{layer}.0", halved=True), f"{layer}.1", halved=False)
        image = self._relu(self._normal(self._conv(image, "head.conv2", strides=[2, 1], pads=[1] * 4), "head.bn2"))
        self._time(self._node("Reshape", image, self._numbers("flat", [0, 32 * MELS // 8, -1])))

    def _time(self, sound: str) -> None:
        sound = self._conv(sound, "xvector.tdnn.linear", strides=[2], pads=[2, 2])
        sound = self._relu(self._normal(sound, "xvector.tdnn.nonlinear.batchnorm"))
        self._frames = self._node("Slice", self._node("Shape", sound), *(self._numbers(f"at_{n}", [n]) for n in (2, 3)))
        for number, (layers, dilation) in enumerate(BLOCKS, start=1):
            for layer in range(1, layers + 1):
                added = self._masked(sound, f"xvector.block{number}.tdnnd{layer}", dilation)
                sound = self._node("Concat", sound, added, axis=1)
            transit = f"xvector.transit{number}"
            sound = self._conv(self._relu(self._normal(sound, f"{transit}.nonlinear.batchnorm")), f"{transit}.linear")
        self._embedding(self._relu(self._normal(sound, "xvector.out_nonlinear.batchnorm")))

    def _embedding(self, sound: str) -> None:
        dense = self._conv(self._statistics(sound), "xvector.dense.linear")
        normal = self._normal(dense, "xvector.dense.nonlinear.batchnorm")
        self._node("Squeeze", normal, self._numbers("axis_2", [2]), name="embedding")

    def _residual(self, image: str, layer: str, *, halved: bool) -> str:
        strides = [2 if halved else 1, 1]
        inner = self._conv(image, f"{layer}.conv1", strides=strides, pads=[1] * 4)
        inner = self._relu(self._normal(inner, f"{layer}.bn1"))
        inner = self._normal(self._conv(inner, f"{layer}.conv2", pads=[1] * 4), f"{layer}.bn2")
        if halved:
            image = self._normal(self._conv(image, f"{layer}.shortcut.0", strides=strides), f"{layer}.shortcut.1")
        return self._relu(self._node("Add", inner, image))

    def _masked(self, sound: str, layer: str, dilation: int) -> str:
        """One densely connected layer, its output weighed by the context: the whole sound's, and a second's."""
        narrow = self._conv(self._relu(self._normal(sound, f"{layer}.nonlinear1.batchnorm")), f"{layer}.linear1")
        narrow = self._relu(self._normal(narrow, f"{layer}.nonlinear2.batchnorm"))
        cam = f"{layer}.cam_layer"
        local = self._conv(narrow, f"{cam}.linear_local", pads=[dilation] * 2, dilations=[dilation])
        whole = self._node("ReduceMean", narrow, axes=[2], keepdims=1)
        context = self._node("Add", whole, self._second_by_second(narrow))
        mask = self._conv(self._relu(self._conv(context, f"{cam}.linear1")), f"{cam}.linear2")
        return self._node("Mul", local, self._node("Sigmoid", mask))

    def _second_by_second(self, sound: str) -> str:
        mean = self._node(
            "AveragePool", sound, kernel_shape=[POOLED_FRAMES], strides=[POOLED_FRAMES], ceil_mode=1, pads=[0, 0]
        )
        column = self._node("Unsqueeze", mean, self._numbers("axis_3", [3]))
        tiled = self._node("Tile", column, self._numbers("repeats", [1, 1, 1, POOLED_FRAMES]))
        spread = self._node("Reshape", tiled, self._numbers("spread", [0, 0, -1]))
        return self._node("Slice", spread, self._numbers("at_0", [0]), self._frames, self._numbers("axis_2", [2]))

    def _statistics(self, sound: str) -> str:
        """Mean and unbiased standard deviation over time, one after the other."""
        mean = self._node("ReduceMean", sound, axes=[2], keepdims=1)
        off = self._node("Sub", sound, mean)
        squares = self._node("ReduceSum", self._node("Mul", off, off), self._numbers("axis_2", [2]), keepdims=1)
        frames = self._node("Cast", self._frames, to=TensorProto.FLOAT)
        fewer = self._node("Sub", frames, self._constant("one", np.ones(1, np.float32)))
        deviation = self._node("Sqrt", self._node("Div", squares, fewer))
        return self._node("Concat", mean, deviation, axis=1)

    def _conv(self, source: str, layer: str, **attributes: Any) -> str:
        names = [f"{layer}.weight", *([f"{layer}.bias"] if f"{layer}.bias" in self._tensors else [])]
        return self._node("Conv", source, *(self._constant(name, self._tensors[name]) for name in names), **attributes)

    def _normal(self, source: str, layer: str) -> str:
        mean = self._tensors[f"{layer}.running_mean"]
        found = {
            "weight": self._tensors.get(f"{layer}.weight", np.ones_like(mean)),
            "bias": self._tensors.get(f"{layer}.bias", np.zeros_like(mean)),
            "running_mean": mean,
            "running_var": self._tensors[f"{layer}.running_var"],
        }
        constants = [self._constant(f"{layer}.{name}", tensor) for name, tensor in found.items()]
        return self._node("BatchNormalization", source, *constants, epsilon=NARROWEST_VARIANCE)

    def _relu(self, source: str) -> str:
        return self._node("Relu", source)

    def _node(self, kind: str, *sources: str, name: str = "", **attributes: Any) -> str:
        name = name or f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(sources), [name], name, **attributes))
        return name

    def _numbers(self, name: str, values: list[int]) -> str:
        return self._constant(name, np.array(values, np.int64))

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        self._constants.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name
