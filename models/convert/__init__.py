"""Models that no source carries in the form that a box runs: made here from pinned bytes, without running any of them.

A conversion is a pure function of those bytes, so what it gives is pinned in the manifest like everything else. torch
has no part in it: `check_campplus` compares the result with torch's own, by hand, where torch is installed.
"""

from collections.abc import Callable, Mapping

from models.convert.campplus import campplus_onnx

CONVERSIONS: Mapping[str, Callable[[bytes], bytes]] = {"campplus": campplus_onnx}
