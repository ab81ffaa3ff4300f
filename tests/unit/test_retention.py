"""The rules of keeping: pure, and in many random histories. `make bench-records` lives through 100,000 of them."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import retention_histories
from support.retention_histories import live

from app.records.retention import DAY_MS, Due, Kept, Part, Rule, due_now, schedule

APPROVED_MS = 1_000_000


def kept(  # noqa: PLR0913  a session has that many sides
    *,
    rule: Rule = Rule(7, 30),  # noqa: B008  frozen
    approved: bool = True,
    mark_ms: int | None = APPROVED_MS,
    held: bool = False,
    sound_there: bool = True,
    sound_consented: bool = False,
) -> Kept:
    return Kept("s", 0, mark_ms, sound_there, approved, rule, held, sound_consented)


def test_schedule__approved__sound_first_and_the_rest_later() -> None:
    assert schedule(kept()) == (
        Due("s", Part.SOUND, APPROVED_MS + 7 * DAY_MS),
        Due("s", Part.TEXT, APPROVED_MS + 30 * DAY_MS),
    )


@pytest.mark.parametrize(
    ("session", "parts"),
    [
        (kept(approved=False), [Part.TEXT]),
        (kept(mark_ms=None), []),
        (kept(sound_there=False), [Part.TEXT]),
        (kept(sound_consented=True), [Part.TEXT]),
        (kept(rule=Rule(None, None)), []),
    ],
)
def test_schedule__what_keeps_something__leaves_it_out(session: Kept, parts: list[Part]) -> None:
    assert [one.part for one in schedule(session)] == parts


def test_due_now__a_millisecond_before__is_nothing() -> None:
    at_ms = APPROVED_MS + 7 * DAY_MS
    assert due_now(kept(), at_ms - 1, clock_trusted=True) == ()
    assert [one.part for one in due_now(kept(), at_ms, clock_trusted=True)] == [Part.SOUND]
    assert due_now(kept(), at_ms, clock_trusted=False) == ()
    assert due_now(kept(held=True), at_ms, clock_trusted=True) == ()
    assert [one.part for one in due_now(kept(), at_ms * 1000, clock_trusted=True)] == [Part.TEXT]


@settings(max_examples=400, deadline=None)
@given(st.integers(min_value=0, max_value=2**63))
def test_histories__whatever_happens__nothing_early_held_untrusted_or_late(seed: int) -> None:
    assert live(random.Random(seed)) is None


@pytest.mark.parametrize("broken", ["early", "hold", "clock", "late"])
def test_histories__rules_broken_on_purpose__are_noticed(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(session: Kept, now_ms: int, *, clock_trusted: bool) -> tuple[Due, ...]:
        if broken == "early":
            return due_now(session, now_ms + DAY_MS, clock_trusted=clock_trusted)
        if broken == "late":
            return due_now(session, now_ms - DAY_MS, clock_trusted=clock_trusted)
        if broken == "clock":
            return due_now(session, now_ms, clock_trusted=True)
        return tuple(one for one in schedule(session) if one.at_ms <= now_ms and clock_trusted)

    monkeypatch.setattr(retention_histories, "due_now", wrong)
    assert any(live(random.Random(seed)) for seed in range(500))
