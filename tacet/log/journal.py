"""The box's own lines in systemd's journal. Other programs' lines are left where they are."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from app.errors import TacetError
from app.journal import INFO, WARNING
from app.log_lines import LogLine, LogWish, Source, line_of, priority_of

_UNITS: Final[dict[Source, tuple[str, ...]]] = {
    Source.RECORDER: ("tacet-recorder",),
    Source.APP: ("tacet-app",),
    Source.ASR: ("tacet-asr",),
    Source.POOL: ("tacet-pool-link", "tacet-pool-scheduler", "tacet-pool-worker"),
    Source.BACKUP: ("tacet-backup", "tacet-restore"),
    Source.UPDATE: ("tacet-fetch", "tacet-take", "tacet-update", "tacet-stick@*", "tacet-healthy", "tacet-return"),
    Source.START: ("tacet-provision", "tacet-selftest", "tacet-console", "tacet-screen"),
    Source.SYSTEM: (
        "systemd-networkd",
        "systemd-resolved",
        "systemd-timesyncd",
        "wpa_supplicant-wired@*",
        "nftables",
        "tacet-firewall",
        "rauc",
    ),
}
_KERNEL: Final = "kernel"
_KERNEL_FROM: Final = WARNING  # of the kernel only what somebody should look at
_FIELDS: Final = "MESSAGE,PRIORITY,_SYSTEMD_UNIT,UNIT,_TRANSPORT"
UNREADABLE: Final = "The box's journal cannot be read. Start the box again; if it stays, flash it anew."


@dataclass(frozen=True)
class Journal:
    """Reads by `journalctl`; `options` name another journal than the machine's own."""

    options: tuple[str, ...] = field(default=())

    async def lines(self, wish: LogWish) -> list[LogLine]:
        """Newest first.

        Raises:
            TacetError: the journal cannot be read.
        """
        found = [line for query in queries(wish) for line in read_entries(await self._ask(wish, query))]
        return sorted(found, key=lambda line: line.at_ms, reverse=True)[: wish.most]

    async def _ask(self, wish: LogWish, query: tuple[str, ...]) -> bytes:
        fixed = ("--no-pager", "--quiet", "--reverse", "--output=json", f"--output-fields={_FIELDS}")
        command = ("journalctl", *fixed, f"--lines={wish.most}", *self.options, *query)
        try:
            asked = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
            )
        except OSError as error:
            raise TacetError(UNREADABLE) from error
        said, _ = await asked.communicate()
        if asked.returncode != 0:
            raise TacetError(UNREADABLE)
        return said


def queries(wish: LogWish) -> Iterator[tuple[str, ...]]:
    """What to ask `journalctl` for: the units', and the kernel's, which belong to no unit."""
    sources = _UNITS if wish.source is None else {wish.source: _UNITS.get(wish.source, ())}
    units = [f"--unit={unit}{'' if unit.endswith('*') else '.service'}" for of in sources.values() for unit in of]
    least = priority_of(wish.level)
    if units:
        yield (*units, f"--priority={least}")
    if Source.SYSTEM in sources:
        yield (f"--priority={min(least, _KERNEL_FROM)}", f"_TRANSPORT={_KERNEL}")


def read_entries(said: bytes) -> Iterator[LogLine]:
    """The lines in what `journalctl --output=json` says. What is no text, or of no unit of ours, is passed over."""
    for one in said.splitlines():
        entry: dict[str, Any] = json.loads(one)
        source, text = _source(entry), entry.get("MESSAGE")
        if source is not None and isinstance(text, str):
            at_ms = int(entry["__REALTIME_TIMESTAMP"]) // 1000
            yield line_of(at_ms, source, int(entry.get("PRIORITY", INFO)), text)


def _source(entry: dict[str, Any]) -> Source | None:
    if entry.get("_TRANSPORT") == _KERNEL:
        return Source.SYSTEM
    told_of = str(entry.get("UNIT") or entry.get("_SYSTEMD_UNIT") or "")  # systemd's own lines are about a unit
    for source, units in _UNITS.items():
        for unit in units:
            if told_of.startswith(unit[:-1]) if unit.endswith("*") else told_of == f"{unit}.service":
                return source
    return None
