"""The models folder as the box uses it: is a model there, and may it be used?"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path

from models.errors import ModelDamaged, ModelMissing
from models.manifest import Manifest, Model, read_manifest
from models.stamp import drop_stamp, is_stamped, write_stamp
from models.verify import Progress, check_folder, silent, strays


class ModelState(StrEnum):
    """How a model stands, judged without reading its files."""

    INSTALLED = "installed"  # verified, and untouched since
    UNVERIFIED = "unverified"  # all there by name and size; its first use will verify it
    DAMAGED = "damaged"
    ABSENT = "absent"


def state_of(models_dir: Path, model: Model) -> ModelState:
    """Judge by names, sizes and the stamp; quick enough for a list."""
    with _readable(models_dir / model.name, model):
        return _state_of(models_dir / model.name, model)


def _state_of(folder: Path, model: Model) -> ModelState:
    paths = [folder / file.name for file in model.files]
    if not any(path.exists() for path in paths):
        return ModelState.ABSENT
    sizes_fit = all(
        path.is_file() and path.stat().st_size == file.size_bytes for path, file in zip(paths, model.files, strict=True)
    )
    if not sizes_fit or strays(folder, model):
        return ModelState.DAMAGED
    return ModelState.INSTALLED if is_stamped(folder, model) else ModelState.UNVERIFIED


@contextmanager
def _readable(folder: Path, model: Model) -> Iterator[None]:
    """Turn a folder that may not be read into a sentence."""
    try:
        yield
    except OSError as error:
        raise ModelDamaged(
            f"The speech model {model.name} in {folder} cannot be read ({error.strerror}). "
            "Run Tacet as a user that may read it."
        ) from error


def verify(models_dir: Path, model: Model, progress: Progress = silent) -> Path:
    """Read every byte of the model, stamp it when it is right, and return its folder.

    Raises:
        ModelMissing, ModelDamaged: the model must not be used; the message says what to do.
    """
    folder = models_dir / model.name
    try:
        with _readable(folder, model):
            check_folder(folder, model, progress)
    except (ModelMissing, ModelDamaged):
        drop_stamp(folder)
        raise
    with suppress(OSError):  # a read-only models folder only costs the next start its shortcut
        write_stamp(folder, model)
    return folder


def locate(models_dir: Path, name: str, manifest: Manifest | None = None) -> Path:
    """The folder of a model that is whole and pinned, ready to load.

    The first call after a fetch by hand reads every byte; later ones compare sizes and dates with the stamp.

    Raises:
        ModelUnknown, ModelMissing, ModelDamaged: do not load anything; show the message.
    """
    model = (manifest or read_manifest()).find(name)
    folder = models_dir / model.name
    if state_of(models_dir, model) is ModelState.INSTALLED:
        return folder
    return verify(models_dir, model)
