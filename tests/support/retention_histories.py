"""Random lives of one session under the rules of keeping, watched by somebody who knows the true time."""

import random
from dataclasses import dataclass, field

from app.records.retention import DAY_MS, Kept, Part, Rule, due_now

HOUR_MS = 3600 * 1000
LATEST_MS = 24 * HOUR_MS


@dataclass
class Life:
    """What is true, and beside it what the box knows."""

    rule: Rule
    true_ms: int
    clock_error_ms: int = 0
    trusted: bool = True
    held: bool = False
    approved_at_ms: int | None = None  # true time
    approval: int = 0
    sound_consented: bool = False
    there: set[Part] = field(default_factory=lambda: {Part.SOUND, Part.TEXT})
    marks: dict[str, int] = field(default_factory=dict)
    looked_freely: dict[str, int] = field(default_factory=dict)  # first true time that a look could mark this
    ended_at_ms: int = 0

    def kept(self) -> Kept:
        return Kept(
            session_id="a",
            ended_mark_ms=self.marks.get("ended"),
            approved_mark_ms=self.marks.get(f"approved {self.approval}") if self.approved_at_ms is not None else None,
            sound_there=Part.SOUND in self.there,
            approved=self.approved_at_ms is not None,
            rule=self.rule,
            held=self.held,
            sound_consented=self.sound_consented,
        )


def live(chance: random.Random, steps: int = 30) -> str | None:
    """Live through one history; give what was wrong, None where nothing was."""
    days = (0, 1, 7, 30)
    rule = Rule(chance.choice((*days, None)), chance.choice((*days, None, None)))
    start_ms = chance.randrange(-(10**12), 2 * 10**12)
    life = Life(rule, start_ms, ended_at_ms=start_ms)
    for _ in range(steps):
        _something_happens(life, chance)
        wrong = _look(life)
        if wrong or Part.TEXT not in life.there:
            return wrong
    return None


def _something_happens(life: Life, chance: random.Random) -> None:
    life.true_ms += chance.randrange(LATEST_MS) if chance.random() < 0.8 else chance.randrange(20 * DAY_MS)
    match chance.randrange(8):
        case 0:
            life.trusted = not life.trusted
            life.clock_error_ms = 0 if life.trusted else chance.randrange(-400 * DAY_MS, 400 * DAY_MS)
        case 1:
            life.held = not life.held
        case 2 | 3 if life.approved_at_ms is None:
            life.approved_at_ms, life.approval = life.true_ms, life.approval + 1
        case 4 if chance.random() < 0.3:
            life.approved_at_ms = None
        case 5:
            life.sound_consented = not life.sound_consented
        case _:
            pass


def _look(life: Life) -> str | None:
    box_ms = life.true_ms + life.clock_error_ms
    if life.trusted:
        names = ["ended", *([f"approved {life.approval}"] if life.approved_at_ms is not None else [])]
        for name in names:
            life.marks.setdefault(name, box_ms)
            life.looked_freely.setdefault(name, life.true_ms)
    gone = {due.part for due in due_now(life.kept(), box_ms, clock_trusted=life.trusted)}
    wrong = _wrong_to_erase(life, gone) or _wrong_to_keep(life, gone)
    life.there -= gone
    return wrong


def _wrong_to_erase(life: Life, gone: set[Part]) -> str | None:
    if not gone:
        return None
    if not life.trusted:
        return "erased on an untrusted clock"
    if life.held:
        return "erased under a hold"
    if Part.TEXT in gone:
        began = life.approved_at_ms if life.approved_at_ms is not None else life.ended_at_ms
        days = life.rule.text_days
    else:
        began, days = life.approved_at_ms, life.rule.audio_days
        if life.sound_consented:
            return "erased sound that the client agreed to be kept"
    if began is None or days is None or life.true_ms < began + days * DAY_MS:
        return "erased early"
    return None


def _wrong_to_keep(life: Life, gone: set[Part]) -> str | None:
    """After a look that could erase, nothing is there whose period ended by any witnessed mark: so no more than the
    distance of two looks late, which is a minute on the box and 24 hours where it was locked for a day."""
    if not life.trusted or life.held:
        return None
    name = f"approved {life.approval}" if life.approved_at_ms is not None else "ended"
    seen_ms = life.looked_freely[name]
    days = life.rule.text_days
    if days is not None and life.true_ms >= seen_ms + days * DAY_MS and Part.TEXT not in gone:
        return "kept a session longer than its time"
    days = life.rule.audio_days
    sound_due = days is not None and life.approved_at_ms is not None and not life.sound_consented
    if sound_due and Part.SOUND in life.there and life.true_ms >= seen_ms + (days or 0) * DAY_MS and not gone:
        return "kept sound longer than its time"
    return None
