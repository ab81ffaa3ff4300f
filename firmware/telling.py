"""How the box's inner state is told to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from firmware.consent_table import Phase
from firmware.faults import SEEN_SENTENCE, Fault, sentence
from firmware.status import BoxState, BoxStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.consent import ConsentState
    from firmware.deck import Deck
    from firmware.lamp import Lamp
    from firmware.microphone import Microphone
    from firmware.recipient import RecipientFile
    from firmware.trials import Trials

TELL_EVERY_MS: Final = 250
_RUNNING_FIGURES: Final = {"elapsed_ms", "level_dbfs", "samples_in", "samples_sealed", "gap_samples", "erased_samples"}

LET_GO_SENTENCE: Final = "The recording has stopped. Let go of the button; then one short press erases the session."
CONFIRM_SENTENCE: Final = (
    "The recording has stopped. One short press within five seconds erases the session; without it the session is kept."
)
LAPSED_SENTENCE: Final = "The session was stopped and kept: nobody pressed the button to erase it. Ready in a moment."


class Teller:
    """Tells every change at once, and figures that always run a few times a second."""

    def __init__(  # noqa: PLR0913  the parts that are told about
        self,
        *,
        publish: Callable[[BoxStatus], None],
        deck: Deck,
        lamp: Lamp,
        microphone: Microphone,
        recipients: RecipientFile,
        trials: Trials,
        sample_rate_hz: int,
    ) -> None:
        self._publish = publish
        self._deck = deck
        self._lamp = lamp
        self._microphone = microphone
        self._recipients = recipients
        self._trials = trials
        self._sample_rate_hz = sample_rate_hz
        self._told: BoxStatus | None = None
        self._told_at_ms = 0

    def tell(self, state: ConsentState, microphone_problem: str | None, now_ms: int) -> None:
        status = self.status(state, microphone_problem)
        if self._is_news(status) or now_ms - self._told_at_ms >= TELL_EVERY_MS:
            self._publish(status)
            self._told, self._told_at_ms = status, now_ms

    def status(self, state: ConsentState, microphone_problem: str | None) -> BoxStatus:
        capture, recipient = self._deck.capture, self._recipients.current
        sealed = capture.samples_sealed if capture else 0
        return BoxStatus(
            state=box_state(state.phase),
            reasons=self._reasons(state, microphone_problem, capture.warnings if capture else ()),
            session_id=self._deck.session_id,
            elapsed_ms=sealed * 1000 // self._sample_rate_hz,
            level_dbfs=capture.level_dbfs if capture else None,
            light=self._lamp.light,
            samples_in=capture.samples_in if capture else 0,
            samples_sealed=sealed,
            gap_samples=capture.gap_samples if capture else 0,
            erased_samples=capture.erased_samples if capture else 0,
            recipient_key_id=recipient.key_id if recipient else None,
            microphone=self._microphone.name,
            microphone_ended=self._microphone.ended,
            receipt_id=self._deck.receipt_id,
            appointment_id=self._recipients.next.appointment_id,
            parts=self._trials.parts,
        )

    def _reasons(
        self, state: ConsentState, microphone_problem: str | None, warnings: tuple[str, ...]
    ) -> tuple[str, ...]:
        unseen = self._recipients.warning
        if state.phase is Phase.READY and unseen is not None:
            return (unseen,)
        return reasons(state, microphone_problem, warnings)

    def _is_news(self, status: BoxStatus) -> bool:
        if self._told is None:
            return True
        return status.model_dump(exclude=_RUNNING_FIGURES) != self._told.model_dump(exclude=_RUNNING_FIGURES)


def box_state(phase: Phase) -> BoxState:  # noqa: PLR0911  a state each
    match phase:
        case Phase.NOT_READY | Phase.WITHDRAWAL_LAPSED:
            return BoxState.NOT_READY
        case Phase.READY:
            return BoxState.READY
        case Phase.RECORDING:
            return BoxState.RECORDING
        case Phase.PAUSED:
            return BoxState.PAUSED
        case Phase.MICROPHONE_LOST | Phase.MICROPHONE_LOST_SEEN | Phase.BROKEN_OFF:
            return BoxState.FAULT
        case Phase.WITHDRAWAL_HELD | Phase.WITHDRAWAL_ASKED:
            return BoxState.CONFIRMING
        case Phase.ERASING:
            return BoxState.ERASING
        case _:
            assert_never(phase)


def reasons(  # noqa: C901, PLR0911  a phase each
    state: ConsentState, microphone_problem: str | None, sound_warnings: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Sentences for the page, empty while all is well."""
    why = () if microphone_problem is None else (microphone_problem,)
    match state.phase:
        case Phase.NOT_READY:
            return state.reasons
        case Phase.RECORDING:
            return sound_warnings
        case Phase.READY | Phase.PAUSED:
            return ()
        case Phase.MICROPHONE_LOST_SEEN:
            return (SEEN_SENTENCE, *why)
        case Phase.MICROPHONE_LOST:
            return (*_fault_sentence(state), *why)
        case Phase.WITHDRAWAL_HELD:
            return (LET_GO_SENTENCE,)
        case Phase.WITHDRAWAL_ASKED:
            return (CONFIRM_SENTENCE,)
        case Phase.WITHDRAWAL_LAPSED:
            return (LAPSED_SENTENCE,)
        case Phase.BROKEN_OFF:
            return _fault_sentence(state)
        case Phase.ERASING:
            return _fault_sentence(state) if state.fault is Fault.ERASING_FAILED else ()
        case _:
            assert_never(state.phase)


def _fault_sentence(state: ConsentState) -> tuple[str, ...]:
    return () if state.fault is None else (sentence(state.fault),)
