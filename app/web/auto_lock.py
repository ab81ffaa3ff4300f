"""Locks vaults by itself: every night, and when nobody has been there for long. What locks when is pure."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, time, timedelta

import anyio

from app.audit.chain import BOX
from app.vault.vault import Vault
from app.web.audited import keep_head
from app.web.desk import Desk
from app.web.opened import UNFINISHED

LOOK_EVERY_S = 30.0

log = logging.getLogger(__name__)


def night_between(before: datetime, now: datetime, at: time) -> bool:
    """Whether the hour of locking lies after `before` and not after `now`; a leap of a day or more passes it."""
    tonight = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    last = tonight if tonight <= now else tonight - timedelta(days=1)
    return before < last


class AutoLock:
    """Runs in the event loop, beside the page."""

    def __init__(self, desk: Desk, now: Callable[[], datetime] = lambda: datetime.now().astimezone()) -> None:
        self._desk = desk
        self._now = now
        self._looked_at = now()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Lock what is due, and drop the keys of sign-ins that nobody finished."""
        self._desk.sign_ins.close_old_private()
        self._desk.half_ways.drop_old()
        before, self._looked_at = self._looked_at, self._now()
        settings = self._desk.settings
        night = night_between(before, self._looked_at, time.fromisoformat(settings.lock_at))
        for vault in self._desk.vaults.unlocked():
            vault_id = vault.account.vault_id
            quiet_s = self._desk.sign_ins.quiet_for_s(vault_id)
            idle = quiet_s is None or quiet_s >= settings.lock_after_idle_min * 60
            if night or (idle and not await anyio.to_thread.run_sync(_has_work, vault)):
                await anyio.to_thread.run_sync(self._lock, vault)
                self._desk.sign_ins.end_all(vault_id)

    def _lock(self, vault: Vault) -> None:
        vault.audit.add(BOX, "vault.locked")
        keep_head(self._desk, vault)
        self._desk.vaults.lock(vault.account.vault_id)
        log.info("vault %s locked by itself", vault.account.vault_id[:8])


def _has_work(vault: Vault) -> bool:
    """Whether something of this vault is still being recorded or written down."""
    return any(row.state in UNFINISHED for row in vault.sessions.list())
