from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.tape import (
    AudioRecord,
    CloseRecord,
    ConsentEvent,
    ConsentMissing,
    ConsentRecord,
    FaultRecord,
    GapRecord,
    MarkRecord,
)
from firmware.tape.timeline import ConsentState, Timeline, TimelineBroken

ALLOWED = {
    (None, ConsentEvent.GIVEN),
    (ConsentEvent.GIVEN, ConsentEvent.PAUSED),
    (ConsentEvent.GIVEN, ConsentEvent.WITHDRAWN),
    (ConsentEvent.PAUSED, ConsentEvent.RESUMED),
    (ConsentEvent.PAUSED, ConsentEvent.WITHDRAWN),
    (ConsentEvent.RESUMED, ConsentEvent.PAUSED),
    (ConsentEvent.RESUMED, ConsentEvent.WITHDRAWN),
}


@given(st.lists(st.sampled_from(ConsentEvent), max_size=6))
def test_consent__any_order_of_events__passes_only_when_every_step_is_allowed(events: list[ConsentEvent]) -> None:
    timeline = Timeline()
    expected = all(step in ALLOWED for step in pairwise([None, *events]))
    try:
        for event in events:
            timeline = timeline.after(ConsentRecord(0, event))
    except ConsentMissing:
        assert not expected
    else:
        assert expected
        assert (timeline.consent is ConsentState.LIVE) == (
            events[-1:] in ([ConsentEvent.GIVEN], [ConsentEvent.RESUMED])
        )


def live() -> Timeline:
    return Timeline().after(ConsentRecord(0, ConsentEvent.GIVEN))


def test_position__gap_and_pause__only_the_gap_moves_it() -> None:
    timeline = live().after(AudioRecord(0, 5, b"")).after(GapRecord(5, 7))
    timeline = timeline.after(ConsentRecord(12, ConsentEvent.PAUSED)).after(ConsentRecord(12, ConsentEvent.RESUMED))
    assert timeline.after(AudioRecord(12, 1, b"")).sample == 13


@pytest.mark.parametrize("record", [AudioRecord(1, 5, b""), MarkRecord(3, "m"), GapRecord(9, 1), FaultRecord(1, "f")])
def test_record__at_another_position__is_refused(record: AudioRecord | MarkRecord | GapRecord | FaultRecord) -> None:
    with pytest.raises(TimelineBroken):
        live().after(record)


def test_gap__of_no_length__is_refused() -> None:
    with pytest.raises(TimelineBroken):
        live().after(GapRecord(0, 0))


@pytest.mark.parametrize("totals", [(6, 0), (5, 1), (0, 0)])
def test_close__totals_that_do_not_add_up__is_refused(totals: tuple[int, int]) -> None:
    with pytest.raises(TimelineBroken):
        live().after(AudioRecord(0, 5, b"")).after(CloseRecord(5, *totals))


def test_record__after_the_close__is_refused() -> None:
    closed = live().after(CloseRecord(0, 0, 0))
    with pytest.raises(TimelineBroken):
        closed.after(MarkRecord(0, "late"))
    with pytest.raises(TimelineBroken):
        closed.after_audio(5)
