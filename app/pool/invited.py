"""A code that somebody has left for this box, who cannot type it there: tacet.toml brings it, the link redeems it.

Provisioning, which has no network, puts it into a folder of its own; the link, which cannot see the boot partition,
takes it from there. It is gone once it was redeemed or refused.
"""

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.durable import erase_private, make_private_folder, write_private
from app.pool.code import Code
from app.pool.errors import PoolAway, PoolError, PoolRefused
from app.pool.joining import join
from app.pool.membership import Membership

WAITING_FILE = "invitation.json"
REDEEMER = "tacet-pool"  # the link's group
MODE = 0o660  # it erases what it has redeemed


def leave(folder: Path, host: str, code: str, port: int) -> None:
    """Put a code there for the link; one that lay there is replaced. Raises OSError."""
    path = folder / WAITING_FILE
    make_private_folder(folder)
    write_private(path, json.dumps({"host": host, "code": code, "port": port}).encode())
    with suppress(LookupError):  # no such group in a checkout
        shutil.chown(path, group=REDEEMER)
    path.chmod(MODE)


@dataclass(slots=True)
class Waiting:
    """Where a code may lie."""

    folder: Path
    host: str = ""  # of the one that was tried last

    @property
    def there(self) -> bool:
        return (self.folder / WAITING_FILE).exists()

    def redeem(self, membership: Membership) -> bool:
        """Give whether a code was there and this machine is a member by it now.

        Raises:
            PoolAway: Nobody waits for this machine yet. The code is kept.
            PoolError: It is not right, or cannot be read; it is gone. Somebody has to give another.
        """
        path = self.folder / WAITING_FILE
        try:
            said = json.loads(path.read_bytes())
        except FileNotFoundError:
            return False
        except (OSError, ValueError) as error:
            raise PoolError(f"The code in {path} cannot be read. Write one into tacet.toml again.") from error
        self.host = str(said["host"])
        try:
            join(membership.folder, self.host, Code.read(said["code"]), said["port"])
        except PoolAway:
            raise
        except PoolRefused as error:
            erase_private(path)
            raise PoolRefused(f"{error} Write a new code into tacet.toml.") from error
        erase_private(path)
        return True
