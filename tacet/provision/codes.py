"""Takes codes out of tacet.toml on the boot partition, which anybody with the card can read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.box.invitations import digest_of
from app.box.it_code import leave_it_code
from app.durable import overwrite
from app.pool.invited import leave
from app.pool.ports import JOIN_PORT
from tacet.config.lines import line_of
from tacet.config.problem import Problem
from tacet.config.sections import TAKEN_IN, BoxSection, PoolSection

Taken = tuple[bytes, Problem | None]  # the file as it is now, and why a code was not taken in


def take_pools_code(file: Path, content: bytes, written: dict[str, Any], invited: Path) -> Taken:
    """Leave a pool's code for the link. Raises OSError: a storage refused."""
    pool = PoolSection.model_validate(written.get("pool", {}))
    if not pool.code_to_redeem:
        return content, None
    redeemed = pool.code_to_redeem
    return _take(
        file, content, ("pool", "code"), pool.code, lambda: leave(invited, str(pool.address), redeemed, JOIN_PORT)
    )


def take_its_code(file: Path, content: bytes, written: dict[str, Any], identity: Path) -> Taken:
    """Leave the digest of clinic IT's code for the page. Raises OSError: a storage refused."""
    code = BoxSection.model_validate(written.get("box", {})).it_code
    if code.strip() in {"", TAKEN_IN}:
        return content, None
    return _take(file, content, ("box", "it_code"), code, lambda: leave_it_code(identity, digest_of(code)))


def _take(file: Path, content: bytes, setting: tuple[str, str], code: str, keep: Callable[[], None]) -> Taken:
    """Keep it, then overwrite it where it stood: a power cut loses nothing. The file keeps its length and all else."""
    there = code.encode()
    if there not in content:  # spelled with escapes: it could be taken in, but not wiped
        line = line_of(content.decode("utf-8-sig"), setting)
        named = f"[{setting[0]}] {setting[1]}"
        return content, Problem(line, named, "cannot be wiped from the file.", "Write it as it was shown.")
    keep()
    wiped = content.replace(there, TAKEN_IN.encode().ljust(len(there)))
    overwrite(file, wiped)
    return wiped, None
