"""`python -m tacet.selftest.clip SOURCE TARGET`: half a minute of the demo session, for the self-test of an image."""

import sys
import wave
from pathlib import Path
from typing import Final

CLIP_S: Final = 30


def cut(source: Path, target: Path) -> None:
    """Copy the beginning, sample by sample. Raises OSError and wave.Error."""
    with wave.open(str(source)) as whole, wave.open(str(target), "wb") as clip:
        clip.setparams(whole.getparams())
        clip.writeframes(whole.readframes(CLIP_S * whole.getframerate()))


if __name__ == "__main__":
    cut(Path(sys.argv[1]), Path(sys.argv[2]))
