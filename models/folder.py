"""A folder on this machine or on a USB stick as a source of models."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import SourceFailed
from models.manifest import Model, ModelFile
from models.room import is_full, noticing_a_full_disk, require_room
from models.verify import CHUNK_BYTES, Progress


@dataclass(frozen=True)
class FolderSource:
    """Reads a model's files from `root`, in whichever of the usual layouts they lie there."""

    root: Path

    @property
    def label(self) -> str:
        return f"the folder {self.root}"

    @property
    def remedy(self) -> str:
        return "Copy the model to that folder again, from a machine where `tacet models verify` finds it right."

    def bring(
        self, model: Model, wanted: Sequence[ModelFile], scratch: Path, progress: Progress
    ) -> Generator[tuple[ModelFile, Path], None, None]:
        if not self.root.is_dir():
            raise SourceFailed(f"There is no folder {self.root}. If it is on a stick, plug the stick in.")
        require_room(scratch, sum(file.size_bytes for file in wanted), f"the speech model {model.name}")
        places = self._places(model)
        for file in wanted:
            found = next((place / file.name for place in places if (place / file.name).is_file()), None)
            if found is None:
                raise SourceFailed(f"{self.root} has no {model.name}/{file.name}. Copy the whole folder {model.name}.")
            with noticing_a_full_disk(scratch, file.name):
                self._copy(found, scratch / file.name, file, progress)
            yield file, scratch / file.name

    def _places(self, model: Model) -> list[Path]:
        """By our name, by upstream's, as the hub's client keeps it, and the folder itself."""
        upstream = model.repo.rsplit("/", 1)[1]
        cached = Path(f"models--{model.repo.replace('/', '--')}") / "snapshots" / model.revision
        named = [self.root / name for name in (model.name, upstream, f"models/{model.name}")]
        return [*named, self.root / cached, self.root]

    def _copy(self, found: Path, target: Path, file: ModelFile, progress: Progress) -> None:
        """Copy at most one byte more than is pinned: enough to see that a file is too long."""
        left = file.size_bytes + 1
        try:
            with (
                found.open("rb") as source,
                target.open("wb") as copy,
                progress(f"Copying {file.name}", file.size_bytes) as advance,
            ):
                while chunk := source.read(min(CHUNK_BYTES, left)):
                    copy.write(chunk)
                    advance(len(chunk))
                    left -= len(chunk)
        except OSError as error:
            if is_full(error):
                raise
            raise SourceFailed(f"{found} cannot be read ({error.strerror}). Copy it to the stick again.") from error
