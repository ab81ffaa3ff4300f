"""What may stand on a tape after what: pure, and the same rules for the writer and the reader."""

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Self, assert_never

from firmware.tape.errors import ConsentMissing
from firmware.tape.records import (
    AppointmentRecord,
    AudioRecord,
    CloseRecord,
    ConsentEvent,
    ConsentRecord,
    ErasedRecord,
    FaultRecord,
    GapRecord,
    MarkRecord,
    Record,
)


class ConsentState(Enum):
    NOT_GIVEN = auto()
    LIVE = auto()
    PAUSED = auto()
    WITHDRAWN = auto()


_NEXT_CONSENT: dict[tuple[ConsentState, ConsentEvent], ConsentState] = {
    (ConsentState.NOT_GIVEN, ConsentEvent.GIVEN): ConsentState.LIVE,
    (ConsentState.LIVE, ConsentEvent.PAUSED): ConsentState.PAUSED,
    (ConsentState.PAUSED, ConsentEvent.RESUMED): ConsentState.LIVE,
    (ConsentState.LIVE, ConsentEvent.WITHDRAWN): ConsentState.WITHDRAWN,
    (ConsentState.PAUSED, ConsentEvent.WITHDRAWN): ConsentState.WITHDRAWN,
}


class TimelineBroken(Exception):
    """A record that cannot stand here: at a false position, after the close, or with totals that do not add up."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Where a tape stands after some number of records; all lengths in samples (frames, a channel)."""

    consent: ConsentState = ConsentState.NOT_GIVEN
    audio_samples: int = 0
    gap_samples: int = 0
    erased_samples: int = 0
    closed: bool = False
    is_linked: bool = False  # to an appointment

    @property
    def sample(self) -> int:
        """The position of the next record. A gap moved it and so did what was erased, a pause did not."""
        return self.audio_samples + self.gap_samples + self.erased_samples

    def after(self, record: Record) -> Self:  # noqa: PLR0911  a type each
        """The timeline with this record on it.

        Raises:
            ConsentMissing: sound, a gap or an erased part outside a consent span, or a consent event out of order.
            TimelineBroken: the record cannot stand here for another reason.
        """
        if record.sample != self.sample or self.closed:
            raise TimelineBroken
        match record:
            case AudioRecord():
                return self.after_audio(record.samples)
            case GapRecord():
                return self._after_gap(record.samples)
            case ErasedRecord():
                return self._after_erasing(record.samples)
            case ConsentRecord():
                return self._after_consent(record.event)
            case MarkRecord() | FaultRecord():
                return self
            case AppointmentRecord():
                return self._after_appointment()
            case CloseRecord():
                return self._after_close(record)
            case _:
                assert_never(record)

    def after_audio(self, samples: int) -> Self:
        """As `after`, for sound of which only the length is known yet."""
        if self.closed:
            raise TimelineBroken
        self._need_consent()
        return replace(self, audio_samples=self.audio_samples + samples)

    def _after_gap(self, samples: int) -> Self:
        self._need_consent()
        if not samples:
            raise TimelineBroken
        return replace(self, gap_samples=self.gap_samples + samples)

    def _after_erasing(self, samples: int) -> Self:
        """What was erased had been recorded with consent; nothing else can have stood there."""
        self._need_consent()
        if not samples:
            raise TimelineBroken
        return replace(self, erased_samples=self.erased_samples + samples)

    def _after_consent(self, event: ConsentEvent) -> Self:
        state = _NEXT_CONSENT.get((self.consent, event))
        if state is None:
            raise ConsentMissing
        return replace(self, consent=state)

    def _after_close(self, record: CloseRecord) -> Self:
        totals = (record.audio_samples, record.gap_samples, record.erased_samples)
        if totals != (self.audio_samples, self.gap_samples, self.erased_samples):
            raise TimelineBroken
        return replace(self, closed=True)

    def _after_appointment(self) -> Self:
        if self.is_linked or self.consent is not ConsentState.NOT_GIVEN:
            raise TimelineBroken
        return replace(self, is_linked=True)

    def _need_consent(self) -> None:
        if self.consent is not ConsentState.LIVE:
            raise ConsentMissing
