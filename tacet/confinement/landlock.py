"""Linux's Landlock: a process gives up files for good, for itself and for all that it starts. Needs no privilege.

Source: https://docs.kernel.org/userspace-api/landlock.html; the numbers are those of linux/landlock.h, alike on x86-64
and aarch64.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from stat import S_ISDIR
from typing import Final

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
READ: Final = EXECUTE | READ_FILE | READ_DIR
_OF_FILES: Final = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV  # the others are of folders only
_RIGHTS_SINCE: Final = {1: 13, 2: 14, 3: 15, 5: 16}  # how many rights a version of the interface knows
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38


def landlock_version() -> int:
    """Which version of the interface this kernel has; 0 is none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)))


def all_rights() -> int:
    """Everything that this kernel can refuse about files."""
    version = landlock_version()
    return (1 << max((count for since, count in _RIGHTS_SINCE.items() if since <= version), default=0)) - 1


def restrict(rules: Mapping[Path, int]) -> None:
    """Keep these rights, of each place and all beneath it, and give up every other about files.

    A symbolic link is no way to what it leads to.

    Raises:
        OSError: The kernel has no Landlock, or refuses.
    """
    libc, rights = _libc(), all_rights()
    attributes = struct.pack("=Q", rights)
    ruleset = _checked(libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    try:
        for place, kept in rules.items():
            _add(libc, ruleset, place, kept & rights)
        _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def all_but(hidden: Iterable[Path]) -> list[Path]:
    """Everything that is there now, less these places; what is made later beside or above one of them is not in it."""
    hidden = {place.resolve() for place in hidden}
    if not hidden:
        return [Path("/")]
    above = {parent for place in hidden for parent in place.parents}
    return sorted(one for parent in above for one in _entries(parent) if one not in hidden and one not in above)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # not there yet, or not for us: nothing to keep
        return []


def _add(libc: ctypes.CDLL, ruleset: int, place: Path, kept: int) -> None:
    try:
        descriptor = os.open(place, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # gone meanwhile
        return
    try:
        mode = os.fstat(descriptor).st_mode
        rule = struct.pack("=Qi", kept if S_ISDIR(mode) else kept & _OF_FILES, descriptor)
        _checked(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0))
    finally:
        os.close(descriptor)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer
