"""A tape's folder as a whole: who is writing it, which ones there are, and erasing."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from firmware.tape.cut import finish_cut, is_being_cut
from firmware.tape.durable import sync_folder, write_all
from firmware.tape.errors import TapeErased, TapeError, TapeFailed
from firmware.tape.head import HEAD_BYTES, HEAD_NAME, is_session_id, read_head


def is_being_written(folder: Path) -> bool:
    """Whether a living recorder has this tape under its pen. Any process; needs no key.

    The writer holds an exclusive lock on the head for as long as it lives; the kernel lets go of it however the process
    ends. So an open tape that nobody writes has ended abruptly.
    """
    try:
        fd = os.open(folder / HEAD_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def list_tapes(tapes_dir: Path) -> list[Path]:
    """The folders of all tapes that have a head, in the order of their names. Any process."""
    return [folder for folder in _session_folders(tapes_dir) if (folder / HEAD_NAME).is_file()]


def erase_tape(folder: Path) -> None:
    """Makes the tape unreadable for good: the wrapped key first, then the files. Any process, also on a living tape.

    Killed at any step and called again, it ends the same; on a tape that is gone it does nothing. Once the head is
    overwritten nobody can open the tape who has not kept its session key elsewhere; that copy is its keeper's to drop.
    On flash an overwritten block may outlive this until the file system trims it.

    Raises:
        TapeFailed: the disk refused; call again.
    """
    try:
        _destroy_head(folder)
        _remove_files(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise TapeFailed("The recording could not be erased completely; check the disk and erase it again.") from error


def _destroy_head(folder: Path) -> None:
    try:
        fd = os.open(folder / HEAD_NAME, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        write_all(fd, bytes(HEAD_BYTES))
        os.fsync(fd)
    finally:
        os.close(fd)
    (folder / HEAD_NAME).unlink(missing_ok=True)
    sync_folder(folder)


def _remove_files(folder: Path) -> None:
    for name in os.listdir(folder):  # noqa: PTH208  names, without a Path for each
        (folder / name).unlink(missing_ok=True)
    folder.rmdir()
    sync_folder(folder.parent)


def finish_erasing(tapes_dir: Path) -> tuple[str, ...]:
    """Erases what an interrupted `erase_tape` left, and returns the session ids. Call it when a process starts.

    A tape's folder appears with its complete head in one step, so one without a head has been on its way out. The end
    of a tape that was being erased is erased as well.
    """
    finished = []
    for folder in _session_folders(tapes_dir):
        try:
            read_head(folder)
        except TapeErased:
            erase_tape(folder)
            finished.append(folder.name)
        except TapeError:
            continue
        else:
            finish_erasing_end(folder)
    return tuple(finished)


def finish_erasing_end(folder: Path) -> None:
    """Ends what a kill interrupted while the end of this tape was being erased. Any process; idempotent.

    Raises:
        TapeFailed: the disk refused; call again.
    """
    if not is_being_cut(folder) or is_being_written(folder):
        return
    try:
        finish_cut(folder)
    except FileNotFoundError:
        return  # the whole tape is being erased, or another process was quicker
    except OSError as error:
        raise TapeFailed("The end of a recording could not be erased; check the disk and start again.") from error


def _session_folders(tapes_dir: Path) -> list[Path]:
    with suppress(FileNotFoundError):
        return sorted(entry for entry in tapes_dir.iterdir() if is_session_id(entry.name))
    return []
