"""Is a file, or a model's folder, what the manifest pins? Reads every byte; trusts no name, size or date alone."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from models.errors import ModelDamaged, ModelMissing, WrongFile
from models.manifest import Model, ModelFile

CHUNK_BYTES = 1 << 20

# Called with the bytes done since the last call.
Advance = Callable[[int], object]
# progress(what, total_bytes): entered when a piece of work begins; gives the Advance to report to.
Progress = Callable[[str, int], AbstractContextManager[Advance]]


@contextmanager
def silent(_what: str, _total_bytes: int) -> Iterator[Advance]:
    """A Progress that shows nothing."""
    yield lambda _done: None


def sha256_of(path: Path, advance: Advance) -> str:
    """Hash a file in steps of 1 MiB. Raises OSError when it cannot be read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            advance(len(chunk))
    return digest.hexdigest()


def check_file(path: Path, pinned: ModelFile, advance: Advance) -> None:
    """Return only if the file is the pinned one, byte for byte.

    Raises:
        WrongFile: it is absent, cut off, too long, different or unreadable. The message goes on from "the file is".
    """
    try:
        if not path.is_file():
            raise WrongFile("missing")
        size_bytes = path.stat().st_size
        if size_bytes != pinned.size_bytes:
            what = "cut off" if size_bytes < pinned.size_bytes else "too long"
            raise WrongFile(f"{what} ({size_bytes:,} bytes, where {pinned.size_bytes:,} are pinned)")
        found = sha256_of(path, advance)
    except OSError as error:
        raise WrongFile(f"unreadable ({error.strerror})") from error
    if found != pinned.sha256:
        raise WrongFile(f"not the pinned one (its sha256 begins with {found[:12]}, not with {pinned.sha256[:12]})")


def check_folder(folder: Path, model: Model, progress: Progress = silent) -> None:
    """Return only if the folder holds the model, whole and pinned, and nothing else that a loader would pick up.

    Raises:
        ModelMissing: the folder or all of the files are absent; fetch it.
        ModelDamaged: the message names the wrong file; fetch it again.
    """
    if not any((folder / file.name).exists() for file in model.files):
        raise ModelMissing(
            f"The speech model {model.name} is not in {folder.parent}. Run: tacet models fetch {model.name}"
        )
    again = f"Run: tacet models fetch {model.name}"
    for stray in strays(folder, model):
        raise ModelDamaged(f"{stray} does not belong to the speech model {model.name}. {again}")
    with progress(f"Checking {model.name}", model.size_bytes) as advance:
        for file in model.files:
            try:
                check_file(folder / file.name, file, advance)
            except WrongFile as error:
                raise ModelDamaged(
                    f"The speech model {model.name} is damaged: {folder / file.name} is {error}. {again}"
                ) from error


def strays(folder: Path, model: Model) -> list[Path]:
    """Files that are not the model's. A second vocabulary or a preprocessor_config.json would be loaded unseen."""
    own = {file.name for file in model.files}
    return sorted(path for path in folder.iterdir() if path.name not in own and not path.name.startswith("."))
