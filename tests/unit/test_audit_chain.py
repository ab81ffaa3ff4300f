from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audit.chain import BOX, Event, Head, broken_at, origin, read_head, sealed

TRAIL = "aa" * 16
ACTIONS = ("session.opened", "line.edited", "session.exported")


def trail(length: int, trail_id: str = TRAIL) -> list[Event]:
    events, before = [], origin(trail_id)
    for seq in range(1, length + 1):
        action, subject = ACTIONS[seq % 3], f"{seq % 4:032x}"
        events.append(sealed(Event(seq, 1000 + seq, TRAIL, "0badcafe", action, subject), before))
        before = events[-1].hash
    return events


def head(events: list[Event]) -> Head:
    return Head(len(events), events[-1].hash)


def test_chain__as_it_was_written__holds() -> None:
    events = trail(20)
    assert broken_at(events, TRAIL) is None
    assert broken_at(events, TRAIL, head(events)) is None
    assert broken_at(events, TRAIL, head(events[:7])) is None
    assert broken_at([], TRAIL) is None


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 19), field=st.sampled_from(["at_ms", "actor", "browser", "action", "subject", "hash"]))
def test_chain__any_field_of_any_event_changed__is_found_there(at: int, field: str) -> None:
    events = trail(20)
    changed = {"at_ms": 5, "actor": BOX, "browser": "", "action": "session.closed", "subject": "", "hash": "0" * 64}
    events[at] = replace(events[at], **{field: changed[field]})  # type: ignore[arg-type]
    broken = broken_at(events, TRAIL)
    assert broken
    assert broken.seq == at + 1


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_chain__events_removed_swapped_or_said_twice__is_found(data: st.DataObject) -> None:
    events = trail(20)
    at = data.draw(st.integers(0, 17))
    match data.draw(st.sampled_from(["remove", "swap", "twice", "renumber"])):
        case "remove":
            del events[at]
        case "swap":
            events[at], events[at + 1] = events[at + 1], events[at]
        case "twice":
            events.insert(at, events[at])
        case "renumber":
            del events[at]
            events = [replace(event, seq=seq) for seq, event in enumerate(events, 1)]
    assert broken_at(events, TRAIL)


def test_chain__its_tail_cut__is_found_only_by_the_head_that_was_kept() -> None:
    events = trail(20)
    assert broken_at(events[:12], TRAIL) is None
    broken = broken_at(events[:12], TRAIL, head(events))
    assert broken
    assert broken.seq == 13


def test_chain__written_anew_from_some_point__is_found_by_the_head_that_was_kept() -> None:
    kept, events = head(trail(20)), trail(10)
    for seq in range(11, 25):
        events.append(sealed(Event(seq, 9, TRAIL, "", "session.opened", ""), events[-1].hash))
    assert broken_at(events, TRAIL) is None
    assert broken_at(events, TRAIL, kept)


def test_chain__events_of_another_trail__do_not_fit() -> None:
    broken = broken_at(trail(3, "bb" * 16), TRAIL)
    assert broken
    assert broken.seq == 1


@pytest.mark.parametrize("text", ["Martin", "she said", "<script>", "ä", "5e" * 40])
def test_event__anything_but_ids__is_refused(text: str) -> None:
    for event in (
        Event(1, 0, text, "", "session.opened", ""),
        Event(1, 0, BOX, "", "session.opened", text),
        Event(1, 0, BOX, text, "session.opened", ""),
        Event(1, 0, BOX, "", f"session.{text} x", ""),
    ):
        with pytest.raises(ValueError, match=r"ids|noun"):
            sealed(event, origin(TRAIL))


def test_head__printed_and_typed_back__is_the_same() -> None:
    kept = head(trail(4))
    assert read_head(f" {str(kept).upper()[:20]} {str(kept)[20:]}\n") == kept
    for wrong in ("", "4", "4:ab", f"x:{kept.hash}", f"4{kept.hash}"):
        with pytest.raises(ValueError, match="number"):
            read_head(wrong)
