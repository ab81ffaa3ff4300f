"""Which version runs: the image's, or the program's own where there is no image."""

import re
from importlib.metadata import version as installed_version
from pathlib import Path

OS_RELEASE = Path("/usr/lib/os-release")


def version(os_release: Path = OS_RELEASE) -> str:
    return image_version(os_release) or installed_version("tacet")


def image_version(os_release: Path = OS_RELEASE) -> str | None:
    """None on a machine that does not run from an image."""
    try:
        found = re.search(r"^IMAGE_VERSION=(\S+)$", os_release.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return found[1] if found else None
