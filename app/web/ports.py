"""What the page asks of the rest of the app, by role."""

from collections.abc import AsyncIterator
from typing import Literal, Protocol

from app.asr.transcriber import SecondModel
from app.domain import Turn
from app.hearing_queue import HearingQueue
from firmware.status import BoxStatus

PageCommand = Literal["pause", "stop"]  # there is none that starts
Control = PageCommand | Literal["withdraw", "erase"]


class Changes(Protocol):
    """Tells whoever watches that something may have changed; it does not say what."""

    def watch(self) -> AsyncIterator[None]:
        """Yield at least once after every change. Event loop only."""
        ...

    def notify(self) -> None:
        """Tell that something has changed. Any thread."""
        ...


class Recorder(Protocol):
    """The recorder as the page sees it, from another process."""

    @property
    def status(self) -> BoxStatus | None:
        """Its last word, None while it does not answer."""
        ...

    @property
    def changes(self) -> Changes: ...

    async def send(self, command: PageCommand) -> None:
        """Ask the recorder; whether it did so shows in `status`. A recorder that is away is asked nothing."""
        ...

    async def withdraw(self, session_id: str) -> None:
        """Ask the recorder to stop and erase this session; it does so only while that is the one under way."""
        ...

    async def erase_end(self, session_id: str, minutes: int) -> None:
        """Ask the recorder to go off the record and erase the last minutes, of this session only."""
        ...

    async def try_light(self) -> None:
        """Ask that green and red flash in turn until the button is pressed; during a session the recorder does not."""
        ...

    async def prepare(
        self, public_key: bytes, appointment_id: str | None = None, *, consent_on_file: bool = False
    ) -> None:
        """From now on seal to this key (32 bytes, raw X25519), also when the recorder is away just now.

        `appointment_id` (32 hex digits) is what the next recording belongs to; `consent_on_file`: in writing.
        """
        ...


class Progress(Protocol):
    """How much of a session has been turned into words."""

    @property
    def transcribed_ms(self) -> int: ...

    @property
    def total_ms(self) -> int: ...

    @property
    def live(self) -> bool:
        """Whether the session is still going on."""
        ...


class Ahead(Protocol):
    """Words in clear that are shown while a session goes on, and then replaced."""

    @property
    def until_sample(self) -> int: ...
    @property
    def text(self) -> str: ...


class Pipeline(Protocol):
    """What turns tapes into transcripts."""

    @property
    def changes(self) -> Changes: ...

    @property
    def speech_problem(self) -> str | None:
        """Why nothing is transcribed at present, as a sentence for the therapist."""
        ...

    def progress(self, session_id: str) -> Progress | None:
        """Any thread. None when the session is not being worked on."""
        ...

    def queue(self) -> HearingQueue:
        """Any thread. What waits to be heard, of all vaults that are open."""
        ...

    def second_model(self) -> SecondModel | None:
        """Any thread. What hears sessions anew; None where nothing does, or it is not known yet."""
        ...

    def second_waits_for(self) -> str:
        """Any thread. Why nothing is heard anew now though something waits, "" where it goes on or nothing waits."""
        ...

    def ahead(self, session_id: str) -> Ahead | None:
        """Any thread. Words of a live session that are not stored yet."""
        ...

    def provisional(self, session_id: str) -> tuple[Turn, ...]:
        """Any thread. Who spoke as far as can be told while the session goes on; none where nothing can."""
        ...
