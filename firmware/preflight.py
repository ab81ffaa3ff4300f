"""What has to be there before a session may start, each said as a sentence for the page when it isn't."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from firmware import clock
from firmware.capture import SoundFormat
from firmware.hearing import Hearing
from firmware.microphone import Microphone
from firmware.recipient import RecipientFile
from firmware.thermal import Thermal

NOT_YET_CHECKED = "The box is checking itself. This takes a moment."
NO_RECIPIENT = "No therapist has set up this box yet. Open its page to begin."


@dataclass(frozen=True, slots=True)
class Findings:
    missing: tuple[str, ...]  # besides the microphone
    microphone: str | None  # what is wrong with it

    @property
    def reasons(self) -> tuple[str, ...]:
        return self.missing if self.microphone is None else (*self.missing, self.microphone)


@dataclass(frozen=True, slots=True)
class Preflight:
    data_dir: Path
    min_free_hours: float
    sound: SoundFormat
    recipients: RecipientFile
    microphone: Microphone
    hearing: Hearing | None = None  # None: a file, which is what it is
    thermal: Thermal | None = None
    configuration_problem: str | None = None  # whoever made it stands beside the box and should see it

    def check(self, *, listens: bool) -> Findings:
        """Looks at everything; an idle box `listens` for a moment, too. May take seconds; microphone closed only."""
        missing = (self.configuration_problem, self._recipient_reason(), self._disk_reason(), self._clock_reason())
        board = () if self.thermal is None else self.thermal.reasons()
        reasons = (*(reason for reason in missing if reason is not None), *board)
        return Findings(reasons, self._microphone_reason(listens=listens))

    def _microphone_reason(self, *, listens: bool) -> str | None:
        away = self.microphone.problem()
        if self.hearing is None:
            return away
        if away is not None:
            self.hearing.forget()
            return away
        return self.hearing.problem() if listens else None

    def _clock_reason(self) -> str | None:
        try:
            return clock.problem(self.data_dir / "tapes", clock.utc_ms(), trusted=clock.is_trusted())
        except OSError:
            return None  # the storage is at fault, or a tape was erased at this moment

    def _recipient_reason(self) -> str | None:
        return NO_RECIPIENT if self.recipients.current is None else None

    def _disk_reason(self) -> str | None:
        try:
            free_bytes = shutil.disk_usage(self.data_dir).free
        except OSError:
            return "The storage cannot be read. Switch the box off and on; if this stays, tell clinic IT."
        free_hours = free_bytes / (self.sound.sample_rate_hz * self.sound.bytes_per_frame) / 3600
        if free_hours >= self.min_free_hours:
            return None
        return (
            f"The storage has room for {free_hours:.0f} hours of recording, and {self.min_free_hours:g} are needed. "
            "Finish older sessions to make room."
        )
