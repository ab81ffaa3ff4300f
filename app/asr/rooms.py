"""Where the decoder keeps what it listens to: large pieces of memory, given to one window after the other.

Mapped anew for each window, they would take a quarter of the time that filling them takes.
"""

import math
import weakref
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import openvino as ov

from app.asr.layers import Bits


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Sound:
    """What is kept of an encoded window: a key and a value a layer, in bfloat16. Speech in clear."""

    tensors: Sequence[ov.Tensor] = field(repr=False)
    bits: Bits = field(repr=False)  # which the tensors lie in


class Rooms:
    """Gives room for what a network makes of a window, in one piece, which the system maps in larger pages."""

    def __init__(self, network: ov.Model, positions: int) -> None:
        """`network` is `app.asr.step.memory`'s, of windows of at most so many positions."""
        self._outputs = [port.get_partial_shape() for port in network.outputs]
        self._positions = positions
        self._free = deque[Bits]()

    def taken(self, positions: int) -> Sound:
        """Give room for a window of so many positions; wiped and free again when nobody has the sound any more."""
        try:
            whole = self._free.pop()
        except IndexError:
            whole = np.empty(self._size(self._positions), np.uint16)
        sound = self._laid(whole, positions)
        weakref.finalize(sound, self._wipe, whole)
        return sound

    def of_one_position(self) -> Sound:
        """Give the least that a network can listen to; what is in it is never told apart."""
        return self._laid(np.zeros(self._size(1), np.uint16), 1)

    def _wipe(self, bits: Bits) -> None:
        bits.fill(0)
        self._free.append(bits)

    def _laid(self, bits: Bits, positions: int) -> Sound:
        shapes = [
            ov.Shape([positions if size.is_dynamic else size.get_length() for size in shape]) for shape in self._outputs
        ]
        parts = bits[: self._size(positions)].reshape(len(shapes), -1)
        return Sound([ov.Tensor(part, shape, ov.Type.bf16) for part, shape in zip(parts, shapes, strict=True)], bits)

    def _size(self, positions: int) -> int:
        """Give values, of all outputs."""
        fixed = ((size.get_length() for size in shape if not size.is_dynamic) for shape in self._outputs)
        return positions * int(sum(math.prod(sizes) for sizes in fixed))
