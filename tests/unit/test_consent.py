import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.consent import (
    LIGHTS,
    TABLE,
    Action,
    ConsentState,
    Event,
    FaultSeen,
    Phase,
    Preflight,
    Trigger,
    at_start,
    step,
)
from firmware.faults import Fault, sentence

READY = at_start((), now_ms=0)
EVENTS: list[Event] = [*Trigger, *(FaultSeen(fault) for fault in Fault), Preflight(()), Preflight(("No microphone.",))]


def after(*events: Event, start: ConsentState = READY) -> ConsentState:
    state = start
    for now_ms, event in enumerate(events, start=start.since_ms + 1):
        state, _ = step(state, event, now_ms)
    return state


def actions_of(state: ConsentState, event: Event) -> tuple[Action, ...]:
    return step(state, event, 1_000)[1]


RECORDING = after(Trigger.SHORT_PRESS)
PAUSED = after(Trigger.SHORT_PRESS, Trigger.SHORT_PRESS)
LOST = after(Trigger.SHORT_PRESS, FaultSeen(Fault.MICROPHONE_SILENT))
LOST_SEEN = after(Trigger.SHORT_PRESS, FaultSeen(Fault.MICROPHONE_SILENT), Trigger.SHORT_PRESS)
BROKEN_OFF = after(Trigger.SHORT_PRESS, FaultSeen(Fault.TAPE_FULL))
NOT_READY = at_start(("No microphone.",), now_ms=0)
STATES = [NOT_READY, READY, RECORDING, PAUSED, LOST, LOST_SEEN, BROKEN_OFF]


def test_states__of_this_file__are_all_there_are() -> None:
    assert [state.phase for state in STATES] == list(Phase)


def test_start__nothing_missing__is_ready_and_not_recording() -> None:
    assert READY.phase is Phase.READY


def test_start__something_missing__is_not_ready_and_says_why() -> None:
    assert (NOT_READY.phase, NOT_READY.reasons) == (Phase.NOT_READY, ("No microphone.",))


@pytest.mark.parametrize(
    ("start", "event", "phase"),
    [
        (READY, Trigger.SHORT_PRESS, Phase.RECORDING),
        (READY, Trigger.HOLD, Phase.READY),
        (NOT_READY, Trigger.SHORT_PRESS, Phase.NOT_READY),
        (RECORDING, Trigger.SHORT_PRESS, Phase.PAUSED),
        (RECORDING, Trigger.PAUSE_COMMAND, Phase.PAUSED),
        (RECORDING, Trigger.HOLD, Phase.READY),
        (RECORDING, Trigger.STOP_COMMAND, Phase.READY),
        (PAUSED, Trigger.SHORT_PRESS, Phase.RECORDING),
        (PAUSED, Trigger.PAUSE_COMMAND, Phase.PAUSED),
        (PAUSED, Trigger.HOLD, Phase.READY),
        (PAUSED, Trigger.STOP_COMMAND, Phase.READY),
        (RECORDING, FaultSeen(Fault.MICROPHONE_SILENT), Phase.MICROPHONE_LOST),
        (PAUSED, FaultSeen(Fault.MICROPHONE_SILENT), Phase.PAUSED),
        (LOST, Trigger.MICROPHONE_BACK, Phase.RECORDING),
        (LOST, Trigger.SHORT_PRESS, Phase.MICROPHONE_LOST_SEEN),
        (LOST, Trigger.PAUSE_COMMAND, Phase.MICROPHONE_LOST_SEEN),
        (LOST, Trigger.HOLD, Phase.READY),
        (LOST_SEEN, Trigger.MICROPHONE_BACK, Phase.PAUSED),
        (LOST_SEEN, Trigger.SHORT_PRESS, Phase.MICROPHONE_LOST_SEEN),
        (LOST_SEEN, Trigger.HOLD, Phase.READY),
        (RECORDING, FaultSeen(Fault.TAPE_FULL), Phase.BROKEN_OFF),
        (RECORDING, FaultSeen(Fault.TAPE_FAILED), Phase.BROKEN_OFF),
        (RECORDING, FaultSeen(Fault.LIGHT_DEAD), Phase.BROKEN_OFF),
        (PAUSED, FaultSeen(Fault.MICROPHONE_STUCK), Phase.BROKEN_OFF),
        (READY, FaultSeen(Fault.MICROPHONE_STUCK), Phase.BROKEN_OFF),
        (NOT_READY, FaultSeen(Fault.TAPE_FAILED), Phase.BROKEN_OFF),
        (BROKEN_OFF, Trigger.MICROPHONE_BACK, Phase.BROKEN_OFF),
        (BROKEN_OFF, Trigger.SHORT_PRESS, Phase.READY),
        (BROKEN_OFF, Trigger.HOLD, Phase.READY),
    ],
)
def test_step__table_of_the_architecture__holds(start: ConsentState, event: Event, phase: Phase) -> None:
    assert after(event, start=start).phase is phase


def test_start__order__is_consent_then_light_then_read_back_then_microphone() -> None:
    assert actions_of(READY, Trigger.SHORT_PRESS) == (
        Action.NEW_TAPE,
        Action.WRITE_GIVEN,
        Action.SHOW_LIGHT,
        Action.READ_BACK_LIGHT,
        Action.OPEN_MICROPHONE,
    )


def test_resume__order__is_consent_then_light_then_read_back_then_microphone() -> None:
    assert actions_of(PAUSED, Trigger.SHORT_PRESS) == (
        Action.WRITE_RESUMED,
        Action.SHOW_LIGHT,
        Action.READ_BACK_LIGHT,
        Action.OPEN_MICROPHONE,
    )


@pytest.mark.parametrize("trigger", [Trigger.HOLD, Trigger.STOP_COMMAND, Trigger.SHORT_PRESS, Trigger.PAUSE_COMMAND])
def test_leaving_recording__order__closes_the_microphone_before_the_light_changes(trigger: Trigger) -> None:
    assert actions_of(RECORDING, trigger)[:3] == (Action.CLOSE_MICROPHONE, Action.SHOW_LIGHT, Action.SEAL_REMAINDER)


@pytest.mark.parametrize("start", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_step__entering_recording__needs_a_press_or_a_consent_that_stands(start: ConsentState, event: Event) -> None:
    if start.phase is Phase.RECORDING or after(event, start=start).phase is not Phase.RECORDING:
        return
    assert (start.phase, event) in {
        (Phase.READY, Trigger.SHORT_PRESS),
        (Phase.PAUSED, Trigger.SHORT_PRESS),
        (Phase.MICROPHONE_LOST, Trigger.MICROPHONE_BACK),
    }


@pytest.mark.parametrize(("start", "event"), list(itertools.product(STATES, EVENTS)))
def test_step__opening_the_microphone__only_after_red_was_read_back(start: ConsentState, event: Event) -> None:
    actions = actions_of(start, event)
    if Action.OPEN_MICROPHONE in actions:
        assert actions[-3:] == (Action.SHOW_LIGHT, Action.READ_BACK_LIGHT, Action.OPEN_MICROPHONE)
        assert LIGHTS[after(event, start=start).phase].red == "on"


@pytest.mark.parametrize(("start", "event"), list(itertools.product(STATES, EVENTS)))
def test_step__every_change_of_phase__shows_its_light(start: ConsentState, event: Event) -> None:
    state, actions = step(start, event, 1_000)
    if LIGHTS[state.phase] != LIGHTS[start.phase]:
        assert Action.SHOW_LIGHT in actions


@pytest.mark.parametrize(("start", "event"), list(itertools.product(STATES, EVENTS)))
def test_step__leaving_a_session__closes_its_tape(start: ConsentState, event: Event) -> None:
    sessions = {Phase.RECORDING, Phase.PAUSED, Phase.MICROPHONE_LOST, Phase.MICROPHONE_LOST_SEEN}
    state, actions = step(start, event, 1_000)
    if start.phase in sessions and state.phase not in sessions:
        assert actions[-1] is Action.CLOSE_TAPE


def test_stop__something_went_missing_meanwhile__ends_not_ready() -> None:
    state = after(Preflight(("The disk is low.",)), start=RECORDING)
    assert state.phase is Phase.RECORDING
    assert after(Trigger.HOLD, start=state).phase is Phase.NOT_READY


def test_preflight__changes__moves_between_ready_and_not_ready_only() -> None:
    assert after(Preflight(("No microphone.",)), start=READY).phase is Phase.NOT_READY
    assert after(Preflight(()), start=NOT_READY).phase is Phase.READY
    assert actions_of(NOT_READY, Preflight(())) == (Action.SHOW_LIGHT,)
    assert actions_of(NOT_READY, Preflight(("No disk.",))) == ()


@pytest.mark.parametrize("start", STATES)
def test_preflight__new_reasons__are_remembered_everywhere(start: ConsentState) -> None:
    assert after(Preflight(("No disk.",)), start=start).reasons == ("No disk.",)


def test_fault__while_recording__is_named_until_it_is_over() -> None:
    assert LOST.fault is LOST_SEEN.fault is Fault.MICROPHONE_SILENT
    assert BROKEN_OFF.fault is Fault.TAPE_FULL
    assert after(Trigger.MICROPHONE_BACK, start=LOST).fault is None
    assert after(Trigger.SHORT_PRESS, start=BROKEN_OFF).fault is None


def test_acknowledged_fault__is_written_as_a_pause_and_needs_a_press_to_go_on() -> None:
    assert actions_of(LOST, Trigger.SHORT_PRESS) == (Action.WRITE_PAUSED,)
    back = after(Trigger.MICROPHONE_BACK, start=LOST_SEEN)
    assert back.phase is Phase.PAUSED
    assert actions_of(back, Trigger.SHORT_PRESS)[0] is Action.WRITE_RESUMED


def test_microphone_back__seen_before_it_was_lost__is_not_back() -> None:
    lost = step(RECORDING, FaultSeen(Fault.MICROPHONE_SILENT), 2_000)[0]
    assert step(lost, Trigger.MICROPHONE_BACK, 1_999) == (lost, ())
    assert step(lost, Trigger.MICROPHONE_BACK, 2_000)[0].phase is Phase.RECORDING


@pytest.mark.parametrize("trigger", [Trigger.SHORT_PRESS, Trigger.HOLD, Trigger.STOP_COMMAND])
def test_broken_off__press_from_before_it_was_shown__does_not_acknowledge(trigger: Trigger) -> None:
    broken_off = step(RECORDING, FaultSeen(Fault.TAPE_FULL), 2_000)[0]
    assert step(broken_off, trigger, 1_999) == (broken_off, ())
    assert step(broken_off, trigger, 2_000)[0].phase is Phase.READY


def test_recording__press_from_before_it_began__still_pauses() -> None:
    recording = step(READY, Trigger.SHORT_PRESS, 2_000)[0]
    assert step(recording, Trigger.SHORT_PRESS, 1_999)[0].phase is Phase.PAUSED


def test_step__phase_changes__remembers_since_when() -> None:
    assert step(READY, Trigger.SHORT_PRESS, 4_711)[0].since_ms == 4_711
    assert step(READY, Trigger.HOLD, 4_711)[0].since_ms == 0


@pytest.mark.parametrize("fault", Fault)
def test_fault__has_a_sentence_that_says_what_to_do(fault: Fault) -> None:
    assert any(word in sentence(fault) for word in ("Press", "Check", "Make room", "Switch"))


def test_table__not_ready__cannot_record() -> None:
    assert not any(phase is Phase.NOT_READY and target is Phase.RECORDING for (phase, _), (target, _) in TABLE.items())


@given(st.lists(st.sampled_from(EVENTS), max_size=60))
def test_walk__any_events__tape_and_consent_stay_consistent(events: list[Event]) -> None:
    """Follows the actions as a tape would see them: nothing is asked of a tape that is not open, or twice."""
    state, tape_open, consent = READY, False, False
    for now_ms, event in enumerate(events):
        state, actions = step(state, event, now_ms)
        for action in actions:
            match action:
                case Action.NEW_TAPE:
                    assert not tape_open
                    tape_open = True
                case Action.WRITE_GIVEN | Action.WRITE_RESUMED:
                    assert tape_open
                    assert not consent
                    consent = True
                case Action.WRITE_PAUSED:
                    assert tape_open
                    assert consent
                    consent = False
                case Action.OPEN_MICROPHONE:
                    assert consent
                case Action.CLOSE_TAPE:
                    tape_open = consent = False
                case _:
                    pass
        assert consent == (state.phase in {Phase.RECORDING, Phase.MICROPHONE_LOST})
