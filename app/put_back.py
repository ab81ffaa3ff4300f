"""Takes in a backup whose files were checked and lie ready, at the app's start and before anything is open.

Vaults and tapes are whole folders, each of which appears in one step; the box's own record goes on where the backup
ended. A kill on the way is made up for at the next start: nobody is served in between.
"""

import errno
import logging
import shutil
from pathlib import Path

from app.box.invitations import SETUP_CODE_FILE
from app.box.record import DATABASE_FILE, KEY_FILE
from app.durable import erase_private, make_private_folder, sync_folder
from app.restore_state import is_ready

DRAFT = ".restoring-backup"  # beside what it becomes: a rename puts it there
PLACES = ("tapes", "vaults")
BOX = "box"
BOXS_DATABASE = (DATABASE_FILE, f"{DATABASE_FILE}-wal", KEY_FILE)
BOXS_OWN = ("clinic-it.json", "known-browsers-key", "room.json")  # kept where this box has some already

_TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}

log = logging.getLogger(__name__)


def take_in(data_dir: Path) -> bool:
    """Put in place what lies ready; whether there was something. `forget_restore` is the caller's, once it has said so.

    Nothing that stands there is replaced, but for the record of a box that nobody has set up.

    Raises:
        OSError: The storage refused. What is in place stays, and the next start goes on.
    """
    if not is_ready(data_dir):
        return False
    _take_in_record(data_dir / BOX)
    for name in PLACES:
        _take_in_folders(data_dir / name / DRAFT, data_dir / name)
    erase_private(data_dir / BOX / SETUP_CODE_FILE)
    log.info("a backup was put back")
    return True


def _take_in_record(box: Path) -> None:
    draft = box / DRAFT
    if (draft / DATABASE_FILE).exists():
        for name in (f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm"):
            (box / name).unlink(missing_ok=True)  # of the record that is about to be replaced
        sync_folder(box)
    for name in BOXS_DATABASE:
        if (draft / name).exists():
            (draft / name).replace(box / name)
    for name in BOXS_OWN:
        if (draft / name).exists() and not (box / name).exists():
            (draft / name).rename(box / name)
    _leave(draft, box)


def _take_in_folders(draft: Path, place: Path) -> None:
    if not draft.is_dir():
        return
    for folder in sorted(draft.iterdir()):
        try:
            folder.rename(place / folder.name)  # which takes the place of an empty folder, and of nothing else
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            log.error("%s/%s stands here already and was left as it is", place.name, folder.name[:8])  # noqa: TRY400
    _leave(draft, place)


def _leave(draft: Path, place: Path) -> None:
    sync_folder(place)
    shutil.rmtree(draft, ignore_errors=True)


def drop_drafts(data_dir: Path) -> None:
    """Remove what a try has left that did not end; nothing of it was ever in place."""
    for name in (*PLACES, BOX):
        shutil.rmtree(data_dir / name / DRAFT, ignore_errors=True)


def make_draft(data_dir: Path, place: str, mode: int) -> Path:
    """Give the folder to copy into. Raises OSError."""
    make_private_folder(data_dir / place)
    draft = data_dir / place / DRAFT
    draft.mkdir(mode=mode, exist_ok=True)
    return draft
