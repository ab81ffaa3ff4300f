"""Takes a pool's code out of tacet.toml on the boot partition, which anybody with the card can read, to its link."""

import os
from pathlib import Path
from typing import Any

from app.pool.invited import leave
from app.pool.ports import JOIN_PORT
from tacet.config.lines import line_of
from tacet.config.problem import Problem
from tacet.config.sections import TAKEN_IN, PoolSection


def take_code(file: Path, content: bytes, written: dict[str, Any], invited: Path) -> tuple[bytes, Problem | None]:
    """Leave the code for the link and overwrite it where it stood; give the file as it is now.

    The link has it first, so a power cut loses nothing. The file keeps its length and all else in it.

    Raises:
        OSError: A storage refused.
    """
    pool = PoolSection.model_validate(written.get("pool", {}))
    if not pool.code_to_redeem:
        return content, None
    code = pool.code.encode()
    if code not in content:  # spelled with escapes: it could be taken in, but not wiped
        line = line_of(content.decode("utf-8-sig"), ("pool", "code"))
        return content, Problem(line, "[pool] code", "cannot be wiped from the file.", "Write it as it was shown.")
    leave(invited, str(pool.address), pool.code_to_redeem, JOIN_PORT)
    wiped = content.replace(code, TAKEN_IN.encode().ljust(len(code)))
    _overwrite(file, wiped)
    return wiped, None


def _overwrite(file: Path, content: bytes) -> None:
    """In place, so that the same blocks hold it. On flash the old ones may survive until the storage reuses them."""
    descriptor = os.open(file, os.O_WRONLY)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
