"""What has to be there before a session may start, each said as a sentence for the page when it isn't."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from firmware.capture import SoundFormat
from firmware.microphone import Microphone
from firmware.recipient import RecipientFile

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

    def check(self) -> Findings:
        """Looks, and hears nothing. May take seconds; only while the microphone is closed."""
        missing = (self._recipient_reason(), self._disk_reason())
        return Findings(tuple(reason for reason in missing if reason is not None), self.microphone.problem())

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
