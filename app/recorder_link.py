import logging
from typing import Literal

from app.changes import Changes
from firmware.status import (
    BoxState,
    BoxStatus,
    Command,
    EraseLast,
    Pause,
    Prepare,
    RecorderAway,
    RecorderClient,
    Stop,
    TryLight,
    Withdraw,
)
from firmware.tape import Recipient

log = logging.getLogger(__name__)

MAY_BE_PREPARED = (BoxState.NOT_READY, BoxState.READY)


class RecorderLink:
    """What the app knows of the recorder, and the little it may ask: pause, stop, erase, whom to seal to next.

    The recorder may be away and come back at any time. Belongs to the event loop that runs `follow`.
    """

    def __init__(self, client: RecorderClient) -> None:
        self.changes = Changes()
        self._client = client
        self._status: BoxStatus | None = None
        self._recipient: Recipient | None = None  # who was last asked for
        self._next: tuple[str | None, bool] = (None, False)  # the next recording's appointment, written consent
        self._told = True  # whether the recorder knows of `_next`

    @property
    def status(self) -> BoxStatus | None:
        """What the recorder said last; None while it is away."""
        return self._status

    async def send(self, command: Literal["pause", "stop"]) -> None:
        """Ask; whether the recorder did so shows in `status`. A recorder that is away is asked nothing."""
        if self._status:
            await self._ask(Pause() if command == "pause" else Stop())

    async def withdraw(self, session_id: str) -> None:
        """Ask to stop and erase this session, if it is the one under way; as `send` otherwise."""
        if self._status:
            await self._ask(Withdraw(session_id=session_id))

    async def erase_end(self, session_id: str, minutes: int) -> None:
        """Ask to go off the record and erase the last minutes of this session; as `withdraw` otherwise."""
        if self._status:
            await self._ask(EraseLast(session_id=session_id, minutes=minutes))

    async def try_light(self) -> None:
        """Ask for button and lights to be tried; the recorder does so only while no session is going on."""
        if self._status:
            await self._ask(TryLight())

    async def prepare(
        self, public_key: bytes, appointment_id: str | None = None, *, consent_on_file: bool = False
    ) -> None:
        """Seal the next recordings to this X25519 key (32 bytes), now or as soon as the recorder can be told.

        The recorder keeps the key, and the rest for one recording. A recording that is going on stays with whom it
        began for.
        """
        self._recipient = Recipient(public_key)
        if self._next != (appointment_id, consent_on_file):
            self._next, self._told = (appointment_id, consent_on_file), False
        await self._hand_over()

    async def follow(self) -> None:
        """Follow the recorder as long as the app runs."""
        async for status in self._client.watch():
            if status != self._status:
                self._status = status
                self.changes.notify()
            await self._hand_over()

    async def _hand_over(self) -> None:
        """Ask again with every status until the recorder says that it is prepared like this.

        It forgets the appointment with every recording and every restart; within the appointment it is told again.
        """
        status, recipient = self._status, self._recipient
        if status is None or recipient is None or status.state not in MAY_BE_PREPARED:
            return
        appointment_id, consent_on_file = self._next
        known = (status.recipient_key_id, status.appointment_id) == (recipient.key_id, appointment_id)
        if known and self._told:
            return
        public_key = recipient.public_key.hex()
        self._told = await self._ask(
            Prepare(public_key=public_key, appointment_id=appointment_id, consent_on_file=consent_on_file)
        )

    async def _ask(self, command: Command) -> bool:
        """Tell whether the recorder took the command."""
        try:
            await self._client.send(command)
        except RecorderAway:
            log.warning("the recorder could not be asked to %s", command.command)
            return False
        return True
