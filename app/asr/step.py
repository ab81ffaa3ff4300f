"""Whisper's decoder as two networks of OpenVINO's: what is kept of a window, and a step of the texts.

Their weights are those of the CTranslate2 model, their layers those of `whisper/model.py` (TextDecoder). A step costs
the time of reading the weights (int8) and each sound's keys and values (bfloat16), so it is taken for several sounds at
once, and for all texts of a sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import openvino as ov
from openvino import opset13 as op
from openvino.op.util import Variable, VariableInfo

from app.asr.layers import (
    FEW_ROWS,
    MANY_ROWS,
    Weights,
    as_int8,
    asked,
    count_of,
    exact,
    forwarded,
    multiplied,
    normalised,
    turned,
    whole,
)

POSITIONS = 1_500  # of an encoded window: 20 ms each
ASKED = 4  # inputs of a sound: tokens, places, parents, wanted; behind them a key and a value a layer


def memory(weights: Weights) -> ov.Model:
    """Make a key and a value a layer of an encoded window, once; keys scaled and both laid out as a step reads them.

    Input (1, positions, width), outputs (1, heads, positions, width / heads) and (1, heads, width / heads, positions).
    """
    heads, width = _sizes(weights)
    encoded = op.parameter([1, -1, width], np.float32, "encoded")
    flow, kept = op.convert(encoded, "bf16"), list[ov.Node]()
    scale = (width // heads) ** -0.5  # an eighth in all of Whisper's models, so nothing is lost in bfloat16
    for number in range(count_of(weights)):
        name = f"layer_{number}/attention/linear_1"
        keys, values = _halves(weights, name, scale)
        key, value = multiplied(flow, keys, name, MANY_ROWS), turned(flow, values, name, MANY_ROWS)
        split = op.reshape(key, whole(1, -1, heads, width // heads), special_zero=False)
        kept.append(op.transpose(split, whole(0, 2, 1, 3)))
        kept.append(op.reshape(value, whole(1, heads, width // heads, -1), special_zero=False))
    return ov.Model(kept, [encoded], "memory")


def step(weights: Weights, following: Sequence[tuple[int, int]], sounds: int) -> ov.Model:
    """Add tokens to the texts of so many sounds.

    Inputs of each sound, one sound after the other: tokens, shape (texts, tokens), their places in the text, the texts
    of the step before that these go on from, and after which of the tokens scores are wanted; then its keys and values.
    A sound without texts is passed over. The first output are the scores, shape (places wanted, tokens), of one sound
    after the other; then for each sound where the heads that follow it listened, (heads, tokens, positions), bfloat16.
    """
    all_of = [_Sound(number) for number in range(sounds)]
    heads, width = _sizes(weights)
    embeddings, positions = as_int8(weights["embeddings/weight"]), exact(weights["position_encodings/encodings"])
    flow = _joined([one.begun(embeddings, positions, width) for one in all_of])
    for number in range(count_of(weights)):
        name = f"layer_{number}/self_attention"
        parts = _parted(asked(flow, weights, name, FEW_ROWS), all_of)
        told = [one.told(part, name, heads, width) for one, part in zip(all_of, parts, strict=True)]
        flow = op.add(flow, multiplied(_joined(told), weights, f"{name}/linear_1", FEW_ROWS))
        name = f"layer_{number}/attention"
        follow = [head for layer, head in following if layer == number]
        parts = _parted(asked(flow, weights, name, FEW_ROWS), all_of)
        heard = [one.heard(part, name, heads, width, follow) for one, part in zip(all_of, parts, strict=True)]
        flow = op.add(flow, multiplied(_joined(heard), weights, f"{name}/linear_2", FEW_ROWS))
        flow = op.add(flow, forwarded(flow, weights, f"layer_{number}/ffn", FEW_ROWS))
    last = _joined([one.last(part, width) for one, part in zip(all_of, _parted(flow, all_of), strict=True)])
    scores = op.matmul(
        normalised(last, weights, "layer_norm", FEW_ROWS), embeddings, transpose_a=False, transpose_b=True
    )
    listened = [op.result(op.concat(one.listened, 0)) for one in all_of]
    states = [state for one in all_of for state in one.states]
    inputs = [one_input for one in all_of for one_input in one.inputs]
    return ov.Model([op.result(scores), *listened], states, inputs, "step")


def state_of(sound: int) -> str:
    """Give what the names of a sound's states begin with."""
    return f"{sound}/"


@dataclass(slots=True)
class _Sound:
    """The part of a step that is one sound's own; `flow` is that of its tokens, shape (texts x tokens, width)."""

    number: int
    inputs: list[ov.Node] = field(default_factory=list)
    states: list[ov.Node] = field(default_factory=list)
    listened: list[ov.Node] = field(default_factory=list)
    shape: ov.Node = field(init=False)  # texts, tokens of each
    count: ov.Node = field(init=False)  # of tokens in all

    def __post_init__(self) -> None:
        self.inputs.append(op.parameter([-1, -1], np.int32, f"{self.number}/tokens"))
        self.inputs += [
            op.parameter([-1], np.int32, f"{self.number}/{name}") for name in ("places", "parents", "wanted")
        ]
        self.shape = op.shape_of(self.inputs[0], "i32")
        self.count = op.reduce_prod(self.shape, _numbers(0), keep_dims=True)

    def begun(self, embeddings: ov.Node, positions: ov.Node, width: int) -> ov.Node:
        tokens, places, _, _ = self.inputs
        flow = op.add(op.gather(embeddings, tokens, _number(0)), op.gather(positions, places, _number(0)))
        return op.reshape(flow, _numbers(-1, width), special_zero=False)

    def told(self, flow: ov.Node, name: str, heads: int, width: int) -> ov.Node:
        """Attend to the text so far, which the request keeps from step to step."""
        split = op.reshape(flow, op.concat([self.shape, _numbers(3 * heads, width // heads)], 0), special_zero=False)
        query, key, value = op.split(op.transpose(split, whole(0, 2, 1, 3)), op.constant(1), 3).outputs()
        rows = op.gather(self.shape, _numbers(0), _number(0))
        nothing = op.broadcast(op.constant(np.float32(0)), op.concat([rows, _numbers(heads, 0, width // heads)], 0))
        keys = self._grown(nothing, key, f"{name}/key")
        values = self._grown(nothing, value, f"{name}/value")
        mixed = op.transpose(op.scaled_dot_product_attention(query, keys, values, causal=True), whole(0, 2, 1, 3))
        return op.reshape(mixed, _numbers(-1, width), special_zero=False)

    def _grown(self, nothing: ov.Node, new: ov.Output, name: str) -> ov.Node:
        _, heads, _, size = new.get_partial_shape()
        info = VariableInfo()
        info.data_shape = ov.PartialShape([ov.Dimension(), heads, ov.Dimension(), size])
        info.data_type, info.variable_id = ov.Type.f32, f"{state_of(self.number)}{name}"
        state, parents = Variable(info), self.inputs[2]
        grown = op.concat([op.gather(op.read_value(nothing, state), parents, _number(0)), new], 2)
        self.states.append(op.assign(grown, state))
        return grown

    def heard(self, flow: ov.Node, name: str, heads: int, width: int, follow: Sequence[int]) -> ov.Node:
        """Attend to the sound; all texts ask the same keys in one go."""
        key = op.parameter([1, heads, -1, width // heads], ov.Type.bf16, f"{self.number}/{name}/key")
        value = op.parameter([1, heads, width // heads, -1], ov.Type.bf16, f"{self.number}/{name}/value")
        self.inputs += [key, value]
        split = op.reshape(flow, _numbers(1, -1, heads, width // heads), special_zero=False)
        query = op.convert(op.transpose(split, whole(0, 2, 1, 3)), "bf16")
        likely = op.softmax(op.matmul(query, key, transpose_a=False, transpose_b=True), -1)
        if follow:
            self.listened.append(op.gather(op.squeeze(likely, whole(0)), _numbers(*follow), _number(0)))
        mixed = op.convert(op.matmul(likely, value, transpose_a=False, transpose_b=True), "f32")
        return op.reshape(op.transpose(mixed, whole(0, 2, 1, 3)), _numbers(-1, width), special_zero=False)

    def last(self, flow: ov.Node, width: int) -> ov.Node:
        """What scores are wanted after, one place after the other."""
        texts = op.reshape(flow, op.concat([self.shape, _numbers(width)], 0), special_zero=False)
        return op.reshape(op.gather(texts, self.inputs[3], _number(1)), _numbers(-1, width), special_zero=False)


def _joined(parts: Sequence[ov.Node]) -> ov.Node:
    return op.concat(list(parts), 0) if len(parts) > 1 else parts[0]


def _parted(flow: ov.Node, sounds: Sequence[_Sound]) -> Sequence[ov.Node]:
    if len(sounds) == 1:
        return [flow]
    return list(op.variadic_split(flow, _number(0), op.concat([one.count for one in sounds], 0)).outputs())


def _sizes(weights: Weights) -> tuple[int, int]:
    """Give heads and width."""
    return int(weights["num_heads"]), weights["layer_norm/gamma"].shape[0]


def _halves(weights: Weights, name: str, scale: float) -> tuple[Weights, Weights]:
    """Give the scaled weights of the keys, and those of the values."""
    names = (f"{name}/weight", f"{name}/bias")
    keys, values = zip(*(np.split(np.asarray(weights[one], np.float32), 2) for one in names), strict=True)
    return {one: part * scale for one, part in zip(names, keys, strict=True)}, dict(zip(names, values, strict=True))


def _number(value: int) -> ov.Node:
    return op.constant(np.int32(value))


def _numbers(*values: int) -> ov.Node:
    return op.constant(np.array(values, np.int32))
