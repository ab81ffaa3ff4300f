"""Where backups are carried, as `[backup] sftp` names it. Pure."""

import re
from dataclasses import dataclass
from typing import Final

_TARGET: Final = re.compile(r"(?P<user>[^@:/]+)@(?P<host>[^@:/]+)(:(?P<port>\d+))?/(?P<folder>.+)")
_SSH_PORT: Final = 22


@dataclass(frozen=True, slots=True)
class SftpTarget:
    user: str
    host: str
    port: int
    folder: str


def sftp_target(written: str) -> SftpTarget:
    """Read "backup@nas:22/tacet". The settings have seen that it is one."""
    found = _TARGET.fullmatch(written)
    assert found is not None
    return SftpTarget(found["user"], found["host"], int(found["port"] or _SSH_PORT), found["folder"])
