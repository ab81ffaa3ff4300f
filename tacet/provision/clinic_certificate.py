"""Takes the clinic's own certificate from the boot partition into the box, and its key off that partition."""

import shutil
from contextlib import suppress
from pathlib import Path

from app.durable import erase_private, write_private
from app.tls import CLINIC_KEY_FILE

CERTIFICATE_FILE = "certificate.pem"
READER = "tacet-app"  # serves the page
PUBLIC, READERS_ONLY = 0o644, 0o640


def take_in(boot: Path, kept: Path) -> dict[str, str]:
    """Keep what lies on the boot partition, and give the app's settings for it; none where there is no pair.

    The key is wiped from the boot partition, which anybody with the card can read. An empty certificate takes both
    away again. Whether they can be used is for the page to say (app.web.serving), which has its own until they can.

    Raises:
        OSError: A storage refused. What was kept before stands.
    """
    certificate, key = kept / CERTIFICATE_FILE, kept / CLINIC_KEY_FILE
    given = _content(boot / CERTIFICATE_FILE)
    if given is not None and not given.strip():
        erase_private(key)
        certificate.unlink(missing_ok=True)
        return {}
    _keep(boot / CLINIC_KEY_FILE, key, READERS_ONLY)
    erase_private(boot / CLINIC_KEY_FILE)
    _keep(boot / CERTIFICATE_FILE, certificate, PUBLIC)
    if not (certificate.is_file() and key.is_file()):
        return {}
    return {"certificate": str(certificate), "certificate_key": str(key)}


def _keep(source: Path, place: Path, mode: int) -> None:
    content = _content(source)
    if content is None:
        return
    if _content(place) != content:
        write_private(place, content)
    with suppress(LookupError):  # no such group in a checkout
        shutil.chown(place, group=READER)
    place.chmod(mode)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
