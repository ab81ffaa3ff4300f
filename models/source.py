"""What every source of models has in common."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Protocol

from models.manifest import Model, ModelFile
from models.verify import Progress


class Source(Protocol):
    """A place that models come from. What it brings is not trusted: the caller verifies every byte."""

    @property
    def label(self) -> str:
        """How to name it to a person, in the middle of a sentence: "the package mirror"."""

    @property
    def remedy(self) -> str:
        """What a person does when it brought a wrong byte: one sentence."""

    def bring(
        self, model: Model, wanted: Sequence[ModelFile], scratch: Path, progress: Progress
    ) -> Generator[tuple[ModelFile, Path], None, None]:
        """Write the wanted files below `scratch` and yield each as soon as it is there; the caller takes it away.

        Raises:
            SourceFailed: it does not have them or cannot be reached; one sentence says why. The next source is tried.
            NoRoom: the disk is full; no other source would help.
        """
