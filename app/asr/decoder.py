"""Whisper's decoder on OpenVINO, from the weights of the CTranslate2 model.

A step costs the time of reading the weights (int8) and the keys and values of the sound (bfloat16, read once for all
beams). The network is that of `whisper/model.py` (TextDecoder); what to choose of its scores is `app.asr.beams`'s.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as op
from openvino.op.util import Variable, VariableInfo

from app.asr.beams import Scores
from app.asr.layers import (
    FEW_ROWS,
    MANY_ROWS,
    Encoded,
    Weights,
    as_int8,
    asked,
    count_of,
    exact,
    forwarded,
    multiplied,
    normalised,
    whole,
)
from app.asr.model_file import variables
from app.asr.threads import options, quickest

Listened = NDArray[np.uint16]  # the bits of bfloat16 values, which numpy has no type for

POSITIONS = 1_500  # of an encoded window: 20 ms each
READ_AT_ONCE = 16  # tokens: the network keeps room for as many as it was ever given
STEP_OPTIONS = {
    "INFERENCE_PRECISION_HINT": "f32",
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": 32,  # of the values that meet int8 weights; the fewer, the more exact
    "KV_CACHE_PRECISION": "u8",  # of the text so far, of which each beam has its own
}
MULTILINGUAL_TOKENS = 51_865  # at least, as CTranslate2 tells it
TRIED_LAYERS, TRIED_TOKENS = 2, 1_024
TOKENS, PLACES, PARENTS, WANTED = range(4)  # inputs of a step; behind them a key and a value a layer


@dataclass(frozen=True, slots=True)
class Sound:
    """What the decoder keeps of an encoded window: a key and a value a layer, in bfloat16. Speech in clear."""

    tensors: Sequence[ov.Tensor] = field(repr=False)


class Reading:
    """Scores what may be said next of one sound, for several texts that began alike.

    What a call gives is overwritten by the next one.
    """

    def __init__(self, request: ov.InferRequest, sound: Sound) -> None:
        self._request = request
        self._place = 0
        for number, tensor in enumerate(sound.tensors, start=WANTED + 1):
            request.set_input_tensor(number, tensor)

    def begin(self, prompt: Sequence[int], wanted: Sequence[int]) -> Scores:
        """Read a prompt anew; give what follows its tokens at the places `wanted`, shape (places, tokens)."""
        self._request.reset_state()
        self._place = 0
        found = list[Scores]()
        for first in range(0, len(prompt), READ_AT_ONCE):
            some = prompt[first : first + READ_AT_ONCE]
            here = [place - first for place in wanted if first <= place < first + len(some)]
            scores = self.read(some, here)
            found += [np.array(scores)] if here else []
        return np.concatenate(found)

    def read(self, tokens: Sequence[int], wanted: Sequence[int]) -> Scores:
        """Read a few tokens of one text; give what follows those at the places `wanted`, shape (places, tokens)."""
        return np.asarray(self._run(np.array([tokens], np.int32), [0], wanted)[0])

    def go_on(self, tokens: Sequence[int], parents: Sequence[int]) -> Scores:
        """Add a token to each text that goes on, by its number in the step before; shape (texts, tokens)."""
        return np.asarray(self._run(np.array(tokens, np.int32)[:, np.newaxis], parents, [0])[:, 0])

    def listened(self) -> Listened:
        """Tell where the heads that follow the sound listened at each token just read, (heads, tokens, positions)."""
        return np.array(self._request.get_output_tensor(1).data.view(np.uint16))

    def _run(self, tokens: NDArray[np.int32], parents: Sequence[int], wanted: Sequence[int]) -> Scores:
        places = np.arange(self._place, self._place + tokens.shape[1], dtype=np.int32)
        self._place += tokens.shape[1]
        asked = (tokens, places, np.array(parents, np.int32), np.array(wanted, np.int32))
        for number, values in enumerate(asked):
            self._request.set_input_tensor(number, ov.Tensor(values))
        self._request.infer()
        return np.asarray(self._request.get_output_tensor(0).data)


class FastDecoder:
    """Decodes up to `at_once` sounds side by side.

    Two threads on a token wait for each other some 150 times. Where that is quicker all the same, the sounds take turns
    with them; else each has a thread of its own. The scores are the same.
    """

    def __init__(self, folder: Path, at_once: int, cores: int, following: Sequence[tuple[int, int]]) -> None:
        """Build and compile the network, and see how many threads it is quickest with; a second and a half.

        Args:
            folder: of the CTranslate2 model.
            at_once: sounds.
            cores: to use.
            following: layer and number of the heads that follow the sound.

        Raises:
            UnknownLayoutError: the model's file is not one that can be read here.
        """
        weights = variables(folder / "model.bin", "decoder/")
        self.is_multilingual = len(weights["embeddings/weight"]) >= MULTILINGUAL_TOKENS
        self.threads = quickest(partial(_trial, _few(weights)), cores)
        core = ov.Core()
        bf16 = {**options(self.threads, 1, cores), "INFERENCE_PRECISION_HINT": "bf16"}
        remembering = core.compile_model(_memory(weights), "CPU", bf16)
        step = _step(weights, following)
        del weights
        stepping = core.compile_model(step, "CPU", {**options(self.threads, at_once, cores), **STEP_OPTIONS})
        self._forgotten = [_first(ov.Tensor(output.element_type, output.shape), 1) for output in remembering.outputs]
        self._memory, self._turn = remembering.create_infer_request(), Lock()
        self._free = SimpleQueue[ov.InferRequest]()
        for _ in range(at_once):
            self._free.put(stepping.create_infer_request())

    def remember(self, encoded: Encoded, positions: int) -> Sound:
        """Make of an encoded window what every step listens to: so many positions of it."""
        with self._turn:
            self._memory.infer({0: encoded})
            outputs = [self._memory.get_output_tensor(number) for number in range(len(self._forgotten))]
            return Sound([_first(tensor, positions) for tensor in outputs])

    @contextmanager
    def reading(self, sound: Sound) -> Iterator[Reading]:
        """Take a place at this decoder for one sound; waits for one where all are taken."""
        request = self._free.get()
        try:
            yield Reading(request, sound)
        finally:
            request.reset_state()
            for number, tensor in enumerate(self._forgotten, start=WANTED + 1):
                request.set_input_tensor(number, tensor)
            self._free.put(request)


def _few(weights: Weights) -> Weights:
    """Give the weights of a small decoder, two layers and a few words, whose threads wait for each other as often."""
    layers = ("layer_norm", *(f"layer_{number}" for number in range(TRIED_LAYERS)))
    few = {name: part for name, part in weights.items() if name.startswith(layers) or not name.startswith("layer_")}
    return {**few, "embeddings/weight": weights["embeddings/weight"][:TRIED_TOKENS]}


def _trial(weights: Weights, threads: int) -> Callable[[], Scores]:
    """Give a step of that decoder, with two beams."""
    stepping = ov.Core().compile_model(
        _step(weights, [(0, 0)]), "CPU", {**options(threads, 1, threads), **STEP_OPTIONS}
    )
    request = stepping.create_infer_request()
    heads, width = int(weights["num_heads"]), weights["layer_norm/gamma"].shape[0]
    kept = [(1, heads, width // heads, POSITIONS), (1, heads, POSITIONS, width // heads)] * TRIED_LAYERS
    reading = Reading(request, Sound([ov.Tensor(ov.Type.bf16, ov.Shape(shape)) for shape in kept]))
    reading.read([0], [0])
    reading.go_on([0, 0], [0, 0])
    return partial(reading.go_on, [0, 0], [0, 1])


def _first(tensor: ov.Tensor, positions: int) -> ov.Tensor:
    """Copy the first positions of a key, (1, heads, width, positions), or a value, (1, heads, positions, width)."""
    bits = tensor.data.view(np.uint16)
    axis = bits.shape.index(POSITIONS)
    part = np.take(bits, range(positions), axis) if positions < POSITIONS else bits
    copied = ov.Tensor(ov.Type.bf16, ov.Shape(part.shape))
    copied.data.view(np.uint16)[...] = part
    return copied


def _memory(weights: Weights) -> ov.Model:
    """Make keys and values of an encoded window, once; keys scaled and laid out as a step reads them."""
    heads, width = int(weights["num_heads"]), weights["layer_norm/gamma"].shape[0]
    encoded = op.parameter([1, POSITIONS, width], np.float32, "encoded")
    flow, kept = op.convert(encoded, "bf16"), list[ov.Node]()
    scale = (width // heads) ** -0.5  # an eighth in all of Whisper's models, so nothing is lost in bfloat16
    for number in range(count_of(weights)):
        name = f"layer_{number}/attention/linear_1"
        key, value = (
            op.reshape(
                multiplied(flow, part, name, MANY_ROWS), whole(1, POSITIONS, heads, width // heads), special_zero=False
            )
            for part in _halves(weights, name, scale)
        )
        kept += [op.transpose(key, whole(0, 2, 3, 1)), op.transpose(value, whole(0, 2, 1, 3))]
    return ov.Model(kept, [encoded], "memory")


def _halves(weights: Weights, name: str, scale: float) -> tuple[Weights, Weights]:
    """Give the scaled weights of the keys, and those of the values."""
    names = (f"{name}/weight", f"{name}/bias")
    keys, values = zip(*(np.split(np.asarray(weights[one], np.float32), 2) for one in names), strict=True)
    return {one: part * scale for one, part in zip(names, keys, strict=True)}, dict(zip(names, values, strict=True))


def _step(weights: Weights, following: Sequence[tuple[int, int]]) -> ov.Model:
    tokens, places = op.parameter([-1, -1], np.int32, "tokens"), op.parameter([-1], np.int32, "places")
    parents, wanted = op.parameter([-1], np.int32, "parents"), op.parameter([-1], np.int32, "wanted")
    inputs, kept, listened = [tokens, places, parents, wanted], list[ov.Node](), list[ov.Node]()
    embeddings = as_int8(weights["embeddings/weight"])
    positions = op.gather(exact(weights["position_encodings/encodings"]), places, _number(0))
    flow = op.add(op.gather(embeddings, tokens, _number(0)), positions)
    shape = op.shape_of(tokens, "i32")
    for number in range(count_of(weights)):
        said, states = _told_before(flow, shape, parents, weights, f"layer_{number}")
        flow = op.add(flow, said)
        heard, likely, sound = _listened(flow, shape, weights, f"layer_{number}/attention")
        if heads := [head for layer, head in following if layer == number]:
            listened.append(op.gather(op.squeeze(likely, whole(0)), _numbers(*heads), _number(0)))
        flow = op.add(flow, heard)
        flow = op.add(flow, forwarded(flow, weights, f"layer_{number}/ffn", FEW_ROWS))
        inputs, kept = inputs + sound, kept + states
    last = normalised(op.gather(flow, wanted, _number(1)), weights, "layer_norm", FEW_ROWS)
    scores = op.matmul(last, embeddings, transpose_a=False, transpose_b=True)
    return ov.Model([op.result(scores), op.result(op.concat(listened, 0))], kept, inputs, "step")


def _told_before(
    flow: ov.Node, shape: ov.Node, parents: ov.Node, weights: Weights, layer: str
) -> tuple[ov.Node, list[ov.Node]]:
    """Attend to the text so far, which the request keeps from step to step."""
    name = f"{layer}/self_attention"
    heads, width = int(weights["num_heads"]), weights["layer_norm/gamma"].shape[0]
    split = op.reshape(asked(flow, weights, name, FEW_ROWS), whole(0, 0, 3, heads, width // heads), special_zero=True)
    parts = op.split(op.transpose(split, whole(2, 0, 3, 1, 4)), op.constant(0), 3)
    query, key, value = (op.squeeze(part, whole(0)) for part in parts.outputs())
    rows = op.gather(shape, _numbers(0), _number(0))
    nothing = op.broadcast(op.constant(np.float32(0)), op.concat([rows, _numbers(heads, 0, width // heads)], 0))
    grown = list[ov.Node]()
    states = list[ov.Node]()
    for what, new in (("key", key), ("value", value)):
        info = VariableInfo()
        info.data_shape = ov.PartialShape([-1, heads, -1, width // heads])
        info.data_type, info.variable_id = ov.Type.f32, f"{layer}/{what}"
        state = Variable(info)
        before = op.gather(op.read_value(nothing, state), parents, _number(0))
        grown.append(op.concat([before, new], 2))
        states.append(op.assign(grown[-1], state))
    mixed = op.transpose(op.scaled_dot_product_attention(query, *grown, causal=True), whole(0, 2, 1, 3))
    joined = op.reshape(mixed, whole(0, 0, width), special_zero=True)
    return multiplied(joined, weights, f"{name}/linear_1", FEW_ROWS), states


def _listened(flow: ov.Node, shape: ov.Node, weights: Weights, name: str) -> tuple[ov.Node, ov.Node, list[ov.Node]]:
    """Attend to the sound; all texts ask the same keys in one go."""
    heads, width = int(weights["num_heads"]), weights["layer_norm/gamma"].shape[0]
    key = op.parameter([1, heads, width // heads, -1], ov.Type.bf16, f"{name}/key")
    value = op.parameter([1, heads, -1, width // heads], ov.Type.bf16, f"{name}/value")
    query = asked(flow, weights, name, FEW_ROWS)
    split = op.transpose(op.reshape(query, whole(1, -1, heads, width // heads), special_zero=False), whole(0, 2, 1, 3))
    likely = op.softmax(op.matmul(op.convert(split, "bf16"), key, transpose_a=False, transpose_b=False), -1)
    mixed = op.convert(op.matmul(likely, value, transpose_a=False, transpose_b=False), "f32")
    joined = op.reshape(
        op.transpose(mixed, whole(0, 2, 1, 3)), op.concat([shape, _numbers(width)], 0), special_zero=False
    )
    return multiplied(joined, weights, f"{name}/linear_2", FEW_ROWS), likely, [key, value]


def _number(value: int) -> ov.Node:
    return op.constant(np.int32(value))


def _numbers(*values: int) -> ov.Node:
    return op.constant(np.array(values, np.int32))
