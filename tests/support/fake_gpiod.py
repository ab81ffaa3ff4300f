"""What stands for gpiod's objects where the kernel has no such chip: the same names, the same errors, the same rules.

After libgpiod 2: a request belongs to one chip, reads logical values (active_low included), sets outputs only, queues
edges for `read_edge_events`, and cannot be used once released. `gpiod.LineSettings` and the enums are the real ones.
"""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self
from unittest.mock import patch

import gpiod
from gpiod.line import Direction, Edge, Value


@dataclass
class FakeWire:
    """One line of a chip: its level at the header, whoever drives it."""

    name: str
    high: bool = True  # a button's pull-up
    request: "FakeLineRequest | None" = None


@dataclass(frozen=True)
class FakeEdge:
    event_type: gpiod.EdgeEvent.Type


@dataclass
class FakeLineRequest:
    wire: FakeWire
    settings: gpiod.LineSettings
    offsets: tuple[int, ...]
    _edges: SimpleQueue[FakeEdge] = field(default_factory=SimpleQueue)
    _seen: list[FakeEdge] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.wire.request is not None:
            raise OSError(errno.EBUSY, "Device or resource busy")
        self.wire.request = self
        if self.settings.direction is Direction.OUTPUT:
            self.wire.high = self.settings.output_value is Value.ACTIVE

    def get_value(self, line: int) -> Value:
        self._check(line)
        return Value.ACTIVE if self.wire.high is not self.settings.active_low else Value.INACTIVE

    def set_value(self, line: int, value: Value) -> None:
        self._check(line)
        if self.settings.direction is not Direction.OUTPUT:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        self.wire.high = (value is Value.ACTIVE) is not self.settings.active_low

    def wait_edge_events(self, timeout: float) -> bool:
        self._check(self.offsets[0])
        try:
            self._seen.append(self._edges.get(timeout=timeout))
        except Empty:
            return False
        return True

    def read_edge_events(self) -> list[FakeEdge]:
        self._check(self.offsets[0])
        seen, self._seen = self._seen, []
        return seen

    def release(self) -> None:
        self._check(self.offsets[0])
        self.wire.request = None
        self.offsets = ()

    def move(self, *, high: bool) -> None:
        """From outside: a finger."""
        self.wire.high = high
        if self.settings.edge_detection is Edge.BOTH:
            rising = high is not self.settings.active_low
            edge = gpiod.EdgeEvent.Type
            self._edges.put(FakeEdge(edge.RISING_EDGE if rising else edge.FALLING_EDGE))

    def _check(self, line: int) -> None:
        if not self.offsets:
            raise gpiod.RequestReleasedError
        if line not in self.offsets:
            raise ValueError("line not in this request")


class FakeGpio:
    """Chips by their path, each with named lines. `installed` puts them where `gpiod` is."""

    def __init__(self, chips: Mapping[str, tuple[str, ...]], labels: Mapping[str, str] | None = None) -> None:
        self._labels = labels or {}
        self._chips = {path: [FakeWire(name) for name in names] for path, names in chips.items()}

    def wire(self, name: str) -> FakeWire:
        return next(wire for wires in self._chips.values() for wire in wires if wire.name == name)

    @contextmanager
    def installed(self) -> Iterator[None]:
        with patch.object(gpiod, "Chip", self._chip), patch.object(gpiod, "request_lines", self._request):
            yield

    def _chip(self, path: str) -> "FakeChip":
        if path not in self._chips:
            raise PermissionError(errno.EACCES, "Permission denied")
        return FakeChip([wire.name for wire in self._chips[path]], self._labels.get(path, "another chip"))

    def _request(self, path: str, config: Mapping[str | int, gpiod.LineSettings], consumer: str) -> FakeLineRequest:
        assert consumer
        ((line, settings),) = config.items()
        wires = self._chips[path]
        offset = line if isinstance(line, int) else [wire.name for wire in wires].index(line)
        return FakeLineRequest(wires[offset], settings, (offset,))


@dataclass
class FakeChip:
    names: list[str]
    label: str

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def get_info(self) -> "FakeChip":
        return self

    def line_offset_from_id(self, name: str) -> int:
        if name not in self.names:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return self.names.index(name)
