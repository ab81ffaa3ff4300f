"""Takes the clinic's files for 802.1X from the boot partition into the box, and their secrets off that partition.

8021x/wired.conf   wpa_supplicant's configuration, one network block; the certificates and keys that it names lie beside
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.durable import erase_private, make_private_folder, overwrite, write_private
from tacet.config.problem import Problem
from tacet.provision.wired_file import (
    FILE,
    KEYS,
    WiredFile,
    effective,
    read_wired_file,
    still_starred,
    wiped,
    with_secrets,
)
from tacet.provision.wired_papers import check_papers, today

FOLDER = "8021x"
MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Wired:
    """What counts from now on."""

    text: str  # for wpa_supplicant; "" where the clinic's network asks for none. May hold secrets
    problems: tuple[Problem, ...] = ()


def take_in_wired(boot: Path, kept: Path) -> Wired:
    """Keep what lies on the boot partition, wipe its secrets there, and give what wpa_supplicant reads.

    A mistake changes nothing: what was kept before stands. An empty file takes all of it away.

    Raises:
        OSError: A storage refused.
    """
    file = boot / FOLDER / FILE
    try:
        given = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Wired(_kept(kept / FOLDER))
    if not given.strip():
        _forget(kept / FOLDER)
        return Wired("")
    problems, text = look(boot / FOLDER, kept / FOLDER, given)
    if problems:
        return Wired(_kept(kept / FOLDER), problems)
    wired = read_wired_file(text)
    _keep(wired, text, boot / FOLDER, kept / FOLDER)
    _wipe(wired, file, given, boot / FOLDER)
    return Wired(_kept(kept / FOLDER))


def look(beside: Path, kept: Path | None, given: bytes) -> tuple[tuple[Problem, ...], str]:
    """What is wrong with the file, and its text with the secrets that were wiped before. Changes nothing.

    `kept` is what was taken in before; None on a machine that is no box.
    """
    try:
        text = with_secrets(given.decode("utf-8-sig"), _text(kept / FILE) if kept else "")
    except UnicodeDecodeError as error:
        line = given[: error.start].count(b"\n") + 1
        return (Problem(line, "", "A character is not UTF-8.", "Save the file as UTF-8."),), ""
    wired = read_wired_file(text)
    problems = wired.problems or tuple(still_starred(wired))
    problems = problems or check_papers(wired, _contents(wired, beside, kept), today())
    return problems, text


def _contents(wired: WiredFile, beside: Path, kept: Path | None) -> dict[str, bytes]:
    """What lies beside the file, or was taken in before."""
    found = dict[str, bytes]()
    for one in wired.files:
        for folder in (kept, beside) if kept else (beside,):
            with suppress(OSError):
                if (folder / one.text).stat().st_size <= MOST_BYTES:
                    found[one.text] = (folder / one.text).read_bytes()
    return found


def _keep(wired: WiredFile, text: str, beside: Path, kept: Path) -> None:
    make_private_folder(kept)
    for name, content in _contents(wired, beside, kept).items():
        _put(kept / name, content)
    _put(kept / FILE, text.encode())
    for left in kept.iterdir():
        if left.name not in {FILE, *(one.text for one in wired.files)}:
            erase_private(left)


def _put(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        write_private(path, content)


def _wipe(wired: WiredFile, file: Path, given: bytes, beside: Path) -> None:
    """Keys go as a whole, passwords where they stand."""
    if wiped(given) != given:
        overwrite(file, wiped(given))
    for one in wired.files:
        if one.name in KEYS:
            erase_private(beside / one.text)


def _kept(kept: Path) -> str:
    text = _text(kept / FILE)
    return effective(read_wired_file(text), str(kept)) if text else ""


def _forget(kept: Path) -> None:
    if kept.is_dir():
        for one in kept.iterdir():
            erase_private(one)
        kept.rmdir()


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8")
    return ""
