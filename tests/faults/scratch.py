import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")


@contextmanager
def scratch_folder(*, in_memory: bool = False) -> Iterator[Path]:
    """On a real disk unless it does not matter, with a path that is short enough for sockets; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tacet", dir=MEMORY if in_memory and MEMORY.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
