"""What the model runs on: a GPU where CTranslate2 can use one, else the CPU. Pure but for a look into /sys."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Asked = Literal["auto", "cpu", "cuda"]

# The first that the GPU can do. int8_float16 halves the memory and is for those that lack float16's speed.
CUDA_TYPES = ("float16", "int8_float16")
CPU_TYPE = "int8"
_DRIVERS = ("sys/module/nvidia", "sys/module/nvgpu")  # a card's, a Jetson's


@dataclass(frozen=True, slots=True)
class Cuda:
    """What was found of CUDA."""

    devices: int = 0  # that CTranslate2 can use
    compute_types: frozenset[str] = frozenset()
    driver: bool = False  # the kernel knows an NVIDIA GPU, whatever CTranslate2 can do


@dataclass(frozen=True, slots=True)
class Device:
    """What to load the model with, and the line that tells clinic IT."""

    kind: Literal["cpu", "cuda"]
    compute_type: str
    said: str


def choose(asked: Asked, found: Cuda) -> Device:
    """Choose the GPU unless the CPU was asked for, where it can be used; say why not where one would expect it."""
    if asked == "cpu":
        return on_cpu()
    if not found.devices:
        expected = found.driver or asked == "cuda"
        why = "CTranslate2 was built without CUDA" if found.driver else "there is none that it can use"
        return on_cpu(f"no GPU is used, as {why}" if expected else "")
    usable = [one for one in CUDA_TYPES if one in found.compute_types]
    if not usable:
        return on_cpu(f"the GPU can do neither {' nor '.join(CUDA_TYPES)}")
    return Device("cuda", usable[0], f"words are heard on the GPU ({usable[0]})")


def on_cpu(why: str = "") -> Device:
    said = f"words are heard on the CPU ({CPU_TYPE})"
    return Device("cpu", CPU_TYPE, f"{why}: {said}" if why else said)


def driver_is_loaded(root: Path = Path("/")) -> bool:
    return any((root / driver).exists() for driver in _DRIVERS)
