import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.consent import ConsentState, Event, FaultSeen, Preflight, at_start, is_overdue, step
from firmware.consent_table import CONFIRM_WITHIN_MS, LATEST_PRESS_MS, LIGHTS, TABLE, Action, Phase, Trigger
from firmware.faults import Fault, sentence
from firmware.light import Light

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
HELD = after(Trigger.SHORT_PRESS, Trigger.LONG_HOLD)
ASKED = after(Trigger.SHORT_PRESS, Trigger.LONG_HOLD, Trigger.LET_GO)
LAPSED = after(Trigger.SHORT_PRESS, Trigger.LONG_HOLD, Trigger.LET_GO, Trigger.PATIENCE_OVER)
ERASING = after(Trigger.SHORT_PRESS, Trigger.WITHDRAW_COMMAND)
STATES = [NOT_READY, READY, RECORDING, PAUSED, LOST, LOST_SEEN, BROKEN_OFF, HELD, ASKED, LAPSED, ERASING]
IN_SESSION = [RECORDING, PAUSED, LOST, LOST_SEEN]


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
        (RECORDING, Trigger.LONG_HOLD, Phase.WITHDRAWAL_HELD),
        (PAUSED, Trigger.LONG_HOLD, Phase.WITHDRAWAL_HELD),
        (LOST, Trigger.LONG_HOLD, Phase.WITHDRAWAL_HELD),
        (LOST_SEEN, Trigger.LONG_HOLD, Phase.WITHDRAWAL_HELD),
        (BROKEN_OFF, Trigger.LONG_HOLD, Phase.WITHDRAWAL_HELD),
        (READY, Trigger.LONG_HOLD, Phase.READY),
        (NOT_READY, Trigger.LONG_HOLD, Phase.NOT_READY),
        (HELD, Trigger.LET_GO, Phase.WITHDRAWAL_ASKED),
        (HELD, Trigger.PATIENCE_OVER, Phase.READY),
        (ASKED, Trigger.SHORT_PRESS, Phase.ERASING),
        (ASKED, Trigger.HOLD, Phase.READY),
        (ASKED, Trigger.LONG_HOLD, Phase.WITHDRAWAL_ASKED),
        (ASKED, Trigger.PATIENCE_OVER, Phase.WITHDRAWAL_LAPSED),
        (LAPSED, Trigger.SHORT_PRESS, Phase.WITHDRAWAL_LAPSED),
        (LAPSED, Trigger.PATIENCE_OVER, Phase.READY),
        (ASKED, Trigger.STOP_COMMAND, Phase.READY),
        (ASKED, FaultSeen(Fault.TAPE_FAILED), Phase.WITHDRAWAL_ASKED),
        (RECORDING, Trigger.WITHDRAW_COMMAND, Phase.ERASING),
        (PAUSED, Trigger.WITHDRAW_COMMAND, Phase.ERASING),
        (LOST, Trigger.WITHDRAW_COMMAND, Phase.ERASING),
        (READY, Trigger.WITHDRAW_COMMAND, Phase.READY),
        (ERASING, Trigger.SHORT_PRESS, Phase.ERASING),
        (ERASING, Trigger.STOP_COMMAND, Phase.ERASING),
        (ERASING, FaultSeen(Fault.ERASING_FAILED), Phase.ERASING),
        (ERASING, Trigger.ERASED, Phase.READY),
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
    sessions = {state.phase for state in (*IN_SESSION, HELD, ASKED)}
    state, actions = step(start, event, 1_000)
    if start.phase in sessions and state.phase not in sessions:
        assert actions[-1] in {Action.CLOSE_TAPE, Action.ERASE_TAPE}


@pytest.mark.parametrize(("start", "event"), list(itertools.product(STATES, EVENTS)))
def test_step__erasing__takes_a_confirming_press_or_the_page(start: ConsentState, event: Event) -> None:
    state, actions = step(start, event, 1_000)
    if Action.ERASE_TAPE not in actions:
        assert state.phase is not Phase.ERASING or start.phase is Phase.ERASING
        return
    assert (start.phase, event) in {
        (Phase.WITHDRAWAL_ASKED, Trigger.SHORT_PRESS),
        (Phase.ERASING, Trigger.PATIENCE_OVER),
        *((phase, Trigger.WITHDRAW_COMMAND) for phase in Phase),
    }
    assert state.phase is Phase.ERASING
    assert actions[-1] is Action.ERASE_TAPE


@pytest.mark.parametrize("event", EVENTS)
def test_erasing__whatever_happens__ends_only_when_nothing_is_left(event: Event) -> None:
    if event is not Trigger.ERASED:
        assert after(event, start=ERASING).phase is Phase.ERASING


@pytest.mark.parametrize("start", [*IN_SESSION, BROKEN_OFF])
def test_long_hold__any_session__keeps_no_sound_and_erases_nothing_yet(start: ConsentState) -> None:
    actions = actions_of(start, Trigger.LONG_HOLD)
    assert Action.ERASE_TAPE not in actions
    assert Action.CLOSE_TAPE not in actions
    if start is RECORDING:
        assert actions[0] is Action.ABANDON_MICROPHONE
        assert actions[-1] is Action.WRITE_PAUSED


@pytest.mark.parametrize("give_up", [Trigger.PATIENCE_OVER, Trigger.HOLD, Trigger.STOP_COMMAND])
def test_withdrawal__not_confirmed__keeps_the_session_as_stopped(give_up: Trigger) -> None:
    assert actions_of(ASKED, give_up) == (Action.SHOW_LIGHT, Action.CLOSE_TAPE)


def test_withdrawal__confirmed__silences_before_it_erases() -> None:
    assert actions_of(ASKED, Trigger.SHORT_PRESS) == actions_of(RECORDING, Trigger.WITHDRAW_COMMAND)
    assert actions_of(RECORDING, Trigger.WITHDRAW_COMMAND) == (
        Action.ABANDON_MICROPHONE,
        Action.SHOW_LIGHT,
        Action.SEAL_REMAINDER,
        Action.ERASE_TAPE,
    )


def test_lights__each_that_waits_for_a_press_during_a_session__shows_green() -> None:
    assert LIGHTS[Phase.WITHDRAWAL_ASKED] == Light("fast_blink", green=True)
    assert LIGHTS[Phase.ERASING] == Light("fast_blink", green=False)
    assert len({LIGHTS[state.phase] for state in (READY, RECORDING, PAUSED, ASKED, ERASING, NOT_READY)}) == 6


def test_lights__steady_red__means_recording_and_nothing_else() -> None:
    assert {phase for phase, light in LIGHTS.items() if light.red == "on"} == {Phase.RECORDING}


def test_lights__green__is_lit_only_where_a_press_is_awaited() -> None:
    awaited = {Phase.READY, Phase.PAUSED, Phase.WITHDRAWAL_HELD, Phase.WITHDRAWAL_ASKED}
    assert {phase for phase, light in LIGHTS.items() if light.green} == awaited


def test_confirming_press__later_than_a_press_may_end__does_not_erase() -> None:
    latest_ms = ASKED.since_ms + CONFIRM_WITHIN_MS + LATEST_PRESS_MS
    assert step(ASKED, Trigger.SHORT_PRESS, latest_ms - 1)[0].phase is Phase.ERASING
    assert step(ASKED, Trigger.SHORT_PRESS, latest_ms) == (ASKED, ())


@pytest.mark.parametrize("state", STATES)
def test_patience__only_of_phases_that_wait_by_themselves__runs_out(state: ConsentState) -> None:
    waits = state.phase in {Phase.WITHDRAWAL_HELD, Phase.WITHDRAWAL_ASKED, Phase.WITHDRAWAL_LAPSED, Phase.ERASING}
    assert is_overdue(state, state.since_ms + 30_000) == waits
    assert not is_overdue(state, state.since_ms + 1_999)


def test_erasing__by_the_page__remembers_who_asked() -> None:
    assert ERASING.by_page
    assert after(FaultSeen(Fault.ERASING_FAILED), start=ERASING).by_page
    assert not after(Trigger.SHORT_PRESS, start=ASKED).by_page
    assert not after(Trigger.ERASED, start=ERASING).by_page


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
    assert any(word in sentence(fault) for word in ("Press", "Check", "Make room", "Switch", "Leave it"))


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
                case Action.CLOSE_TAPE | Action.ERASE_TAPE:
                    tape_open = consent = False
                case _:
                    pass
        assert consent == (state.phase in {Phase.RECORDING, Phase.MICROPHONE_LOST})
