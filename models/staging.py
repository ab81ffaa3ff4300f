"""The place beside the models where a model is put together, and the one step by which it appears.

models_dir/.fetch-base/      one for each model being fetched; locked by who works in it
    ready/                   files that were verified; a later run takes them over from one that was killed
    scratch/                 what a source is still writing; emptied at the start, but for what can be resumed
    replaced/                the damaged model that is being replaced, for the moment of the swap
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from models.errors import FetchUnderWay, NoRoom, WrongFile
from models.manifest import Model, ModelFile
from models.stamp import write_stamp
from models.verify import Progress, check_file

PREFIX = ".fetch-"
RESUMABLE = "hub"  # partial downloads, which the next run continues
WORTH_BYTES = 1 << 20  # less than that is not worth keeping for a later run


@dataclass(frozen=True)
class Staging:
    """One model's staging folder, locked to this process. Use `open_staging`."""

    folder: Path
    model: Model

    @property
    def ready(self) -> Path:
        return self.folder / "ready"

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"

    def wanted(self) -> list[ModelFile]:
        """The files that are not ready yet, the smallest first: a wrong source shows itself before the long part."""
        missing = [file for file in self.model.files if not (self.ready / file.name).exists()]
        return sorted(missing, key=lambda file: file.size_bytes)

    def accept(self, path: Path, file: ModelFile, progress: Progress) -> None:
        """Verify a file in scratch and move it to the ready ones, durable.

        Raises:
            WrongFile: the file is not the pinned one, and was removed.
        """
        try:
            with progress(f"Checking {file.name}", file.size_bytes) as advance:
                check_file(path, file, advance)
        except WrongFile:
            path.unlink(missing_ok=True)
            raise
        path.chmod(0o644)  # the asr process reads it as another user
        _sync(path)
        path.replace(self.ready / file.name)

    def keep_good_files_of(self, folder: Path, progress: Progress) -> None:
        """Take over, as hard links, what is right in a damaged model, so that a repair fetches only what is wrong."""
        for file in self.wanted():
            candidate = self.scratch / file.name
            with suppress(OSError):
                os.link(folder / file.name, candidate)
                with suppress(WrongFile):
                    self.accept(candidate, file, progress)

    def put_in_place(self, target: Path) -> None:
        """Make the model appear at `target`, whole and stamped; a kill leaves the old state or the new one."""
        write_stamp(self.ready, self.model)
        _sync(self.ready)
        if target.exists() or target.is_symlink():
            target.rename(self.folder / "replaced")
        self.ready.rename(target)
        _sync(target.parent)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def open_staging(models_dir: Path, model: Model, progress: Progress) -> Iterator[Staging]:
    """Lock the model's staging folder and bring it into order: verified files of a dead run stay, its rest goes.

    When the work was not finished, what a later run can go on with is left behind; on a full disk, nothing is.

    Raises:
        FetchUnderWay: another process holds it.
    """
    folder = models_dir / f"{PREFIX}{model.name}"
    lock = _lock(folder, model)
    staging = Staging(folder, model)
    try:
        _tidy(staging, progress)
        yield staging
    except NoRoom:
        _remove(folder)
        raise
    finally:
        _leave(staging)
        os.close(lock)


def _lock(folder: Path, model: Model) -> int:
    """Lock the folder itself: the lock dies with its holder, and no process number is guessed."""
    while True:
        folder.mkdir(exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if folder.exists() and os.path.samestat(os.fstat(handle), folder.stat()):
                return handle
        except BlockingIOError as error:
            os.close(handle)
            raise FetchUnderWay(
                f"The speech model {model.name} is being fetched by another process. Wait until it is done."
            ) from error
        os.close(handle)  # the other one finished between our two steps and took the folder away


def _tidy(staging: Staging, progress: Progress) -> None:
    staging.ready.mkdir(exist_ok=True)
    staging.scratch.mkdir(exist_ok=True)
    for path in (*staging.folder.iterdir(), *staging.scratch.iterdir()):
        if path not in (staging.ready, staging.scratch, staging.scratch / RESUMABLE):
            _remove(path)
    own = {file.name: file for file in staging.model.files}
    for path in staging.ready.iterdir():
        # A power cut may have kept a name and lost its bytes, so a dead run's files are read again.
        candidate = staging.scratch / path.name
        path.replace(candidate)
        with suppress(WrongFile):
            if path.name in own:
                staging.accept(candidate, own[path.name], progress)


def _leave(staging: Staging) -> None:
    """Give back what no later run can use. Called with the lock held; the folder may be gone already."""
    with suppress(OSError):
        for path in staging.scratch.iterdir():
            if path.name != RESUMABLE:
                _remove(path)
        partial = (path for path in (staging.scratch / RESUMABLE).rglob("*") if path.is_file())
        if not any(staging.ready.iterdir()) and not any(path.stat().st_size >= WORTH_BYTES for path in partial):
            _remove(staging.folder)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
