import pytest

from firmware.consent import ConsentState
from firmware.consent_table import Phase
from firmware.faults import SEEN_SENTENCE, Fault, sentence
from firmware.status import BoxState
from firmware.telling import CONFIRM_SENTENCE, LAPSED_SENTENCE, LET_GO_SENTENCE, box_state, reasons

PREFLIGHT = ("The storage is low.",)


@pytest.mark.parametrize(
    ("phase", "told"),
    [
        (Phase.NOT_READY, BoxState.NOT_READY),
        (Phase.READY, BoxState.READY),
        (Phase.RECORDING, BoxState.RECORDING),
        (Phase.PAUSED, BoxState.PAUSED),
        (Phase.MICROPHONE_LOST, BoxState.FAULT),
        (Phase.MICROPHONE_LOST_SEEN, BoxState.FAULT),
        (Phase.BROKEN_OFF, BoxState.FAULT),
        (Phase.WITHDRAWAL_HELD, BoxState.CONFIRMING),
        (Phase.WITHDRAWAL_ASKED, BoxState.CONFIRMING),
        (Phase.WITHDRAWAL_LAPSED, BoxState.NOT_READY),
        (Phase.ERASING, BoxState.ERASING),
    ],
)
def test_box_state__each_phase__is_one_the_page_knows(phase: Phase, told: BoxState) -> None:
    assert box_state(phase) is told


@pytest.mark.parametrize(
    ("phase", "fault", "told"),
    [
        (Phase.NOT_READY, None, PREFLIGHT),
        (Phase.READY, None, ()),
        (Phase.RECORDING, None, ()),
        (Phase.PAUSED, None, ()),
        (Phase.MICROPHONE_LOST, Fault.MICROPHONE_SILENT, (sentence(Fault.MICROPHONE_SILENT), "It is away.")),
        (Phase.MICROPHONE_LOST_SEEN, Fault.MICROPHONE_SILENT, (SEEN_SENTENCE, "It is away.")),
        (Phase.BROKEN_OFF, Fault.TAPE_FULL, (sentence(Fault.TAPE_FULL),)),
        (Phase.WITHDRAWAL_HELD, None, (LET_GO_SENTENCE,)),
        (Phase.WITHDRAWAL_ASKED, None, (CONFIRM_SENTENCE,)),
        (Phase.WITHDRAWAL_LAPSED, None, (LAPSED_SENTENCE,)),
        (Phase.ERASING, None, ()),
        (Phase.ERASING, Fault.ERASING_FAILED, (sentence(Fault.ERASING_FAILED),)),
    ],
)
def test_reasons__each_phase__says_what_concerns_it(phase: Phase, fault: Fault | None, told: tuple[str, ...]) -> None:
    assert reasons(ConsentState(phase, 0, PREFLIGHT, fault), "It is away.") == told
