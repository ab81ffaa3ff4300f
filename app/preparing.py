"""The current appointment prepares the recorder: whose session comes next, and whether written consent is on file."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from app.errors import TacetError
from app.records.appointments import Occurrence, current
from app.records.consent import Method, Scope, everybody_agrees
from app.vault.sessions import wall_clock_ms
from app.vault.vault import Vault, Vaults
from firmware.status import BoxStatus

log = logging.getLogger(__name__)

LOOK_EVERY_S = 15.0


class Preparable(Protocol):
    @property
    def status(self) -> BoxStatus | None: ...

    async def prepare(
        self, public_key: bytes, appointment_id: str | None = None, *, consent_on_file: bool = False
    ) -> None: ...


class Preparing:
    """Tells the recorder what the next press belongs to. Belongs to the event loop; what a person chose comes first."""

    def __init__(self, vaults: Vaults, recorder: Preparable, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        self._vaults = vaults
        self._recorder = recorder
        self._now_ms = now_ms
        self._chosen: dict[str, Occurrence] = {}  # by vault, until it is over

    async def follow(self) -> None:
        """Keep the recorder prepared as long as the app runs."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for vault in self._vaults.unlocked():
                try:
                    await self.refresh(vault)
                except TacetError as error:
                    log.warning("the next session could not be prepared (%s)", type(error).__name__)

    async def choose(self, vault: Vault, occurrence: Occurrence) -> None:
        """A person prepares this appointment: it stands until it is over."""
        self._chosen[vault.account.vault_id] = occurrence
        await self.refresh(vault, recipient=True)

    async def refresh(self, vault: Vault, *, recipient: bool = False) -> None:
        """Hand over what is current, if the box records for this vault (or is to from now on: `recipient`)."""
        status = self._recorder.status
        if not recipient and (status is None or status.recipient_key_id != vault.account.key_id):
            return
        occurrence, consented = await asyncio.to_thread(self._current, vault)
        appointment_id = occurrence.appointment_id if occurrence else None
        await self._recorder.prepare(vault.account.public_key, appointment_id, consent_on_file=consented)

    def current(self, vault: Vault) -> Occurrence | None:
        """What the next press belongs to. Any thread."""
        chosen = self._chosen.get(vault.account.vault_id)
        if chosen is not None and self._now_ms() < chosen.ends_at_ms:
            return chosen
        now = datetime.fromtimestamp(self._now_ms() / 1000, UTC)
        return current(vault.appointments.between(now - timedelta(hours=12), now + timedelta(hours=1)), self._now_ms())

    def _current(self, vault: Vault) -> tuple[Occurrence | None, bool]:
        occurrence = self.current(vault)
        if occurrence is None:
            return None, False
        vault.appointments.prepare(occurrence)
        return occurrence, consent_on_file(vault, occurrence.client_id, self._now_ms())


def consent_on_file(vault: Vault, client_id: str | None, now_ms: int) -> bool:
    """Whether everybody in the room agreed in writing to be recorded, and it still holds."""
    if client_id is None:
        return False
    records = vault.consents.records(client_id)
    newest = [one.newest() for one in records]
    written = all(one is not None and one.method is not Method.SPOKEN for one in newest)
    return written and everybody_agrees(records, Scope.RECORD, now_ms)
