"""What clinic IT is told of the pool: how it stands, what that means, what to do. Pure."""

from dataclasses import dataclass
from typing import ClassVar, Literal, assert_never

from app.asr.taking_over import Tally
from app.pool.seen import PoolSeen, Standing
from app.web.wording import counted, lately

Mark = Literal["check", "alert", ""]
DIGITS = 12  # of a model's fingerprint


@dataclass(frozen=True, slots=True)
class PoolView:
    """Also a fragment that asks anew every few seconds."""

    template: ClassVar[str] = "_pool.html"
    word: str
    mark: Mark
    meaning: str  # and what to do
    problems: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


def pool_view(seen: PoolSeen, tally: Tally, now_ms: int) -> PoolView:
    """Say how the pool stands and what to do."""
    seen = seen.model_copy(update={"sentence": seen.sentence.replace("`", "")})  # a command line's way to quote
    word, mark, meaning = _told(seen, now_ms)
    problems = tuple(one for one in (tally.problem, seen.code_problem) if one and one != seen.sentence)
    if seen.standing in {Standing.OFF, Standing.STOPPED}:
        return PoolView(word, mark, meaning, problems)
    return PoolView(word, mark, meaning, problems, (*_who(seen), *_work(seen), *_heard(tally)))


def in_a_word(seen: PoolSeen) -> str:
    """For the list of facts about the box."""
    match seen.standing:
        case Standing.OFF:
            return "none: this box hears by itself"
        case Standing.UNUSED:
            return f"{seen.pool or 'not used'}: this box hears by itself"
        case Standing.REACHABLE:
            return f"{seen.pool} hears" if seen.workers else f"{seen.pool} has no machine that hears"
        case Standing.JOINED:
            return "asked just now"
        case Standing.JOINING | Standing.REFUSED | Standing.AWAY | Standing.STOPPED:
            return _told(seen, seen.since_ms)[0].rstrip(".")
    assert_never(seen.standing)


def _told(seen: PoolSeen, now_ms: int) -> tuple[str, Mark, str]:  # noqa: PLR0911  a standing each
    """A sentence, its mark, what it means and what to do."""
    pool = f"The pool {seen.pool}".rstrip()
    itself = "This box hears by itself meanwhile, and recording does not depend on it."
    match seen.standing:
        case Standing.OFF:
            return "This box hears by itself.", "", "It is in no pool. That is enough for one room."
        case Standing.UNUSED:
            how = "tacet.toml says use = false in [pool]. To change that, take the line out and start the box again."
            return "This box hears by itself, as it was told.", "", how
        case Standing.STOPPED:
            return "The link to the pool does not run.", "alert", f"{itself} If this stays, start the box again."
        case Standing.JOINING:
            how = "Where its code has run out, write a new one into tacet.toml and start the box again."
            return "This box waits to be let into the pool.", "alert", f"{seen.sentence} {how}".lstrip()
        case Standing.JOINED:
            return "This box asks its pool for the first time.", "", "Its answer is here in a few seconds."
        case Standing.REACHABLE if seen.workers:
            return f"{pool} hears for this box.", "check", "Where it is away, this box hears by itself."
        case Standing.REACHABLE:
            how = "Start one: tacet pool worker, docs/pool.md."
            return f"{pool} has no machine that hears.", "alert", f"{itself} {how}"
        case Standing.REFUSED:
            return "The pool and this box cannot work together.", "alert", f"{seen.sentence} {itself}".lstrip()
        case Standing.AWAY:
            since = f"since {lately(seen.since_ms, now_ms)}"
            return f"{pool} is not reachable {since}.", "alert", f"{seen.sentence} {itself}".lstrip()
    assert_never(seen.standing)


def _who(seen: PoolSeen) -> tuple[tuple[str, str], ...]:
    there, here = seen.pool_version or "not known yet", seen.version
    model = f"{seen.pool_model} {seen.pool_model_digest[:DIGITS]}" if seen.pool_model else "not known yet"
    scheduler = f"{seen.pool}, at {seen.host} port {seen.port}" if seen.pool else seen.host
    facts = (
        ("Scheduler", scheduler),
        ("This box is called", seen.name),
        ("Tacet", f"{here}, there and here" if there == here else f"there {there}, here {here}".rstrip()),
        ("Model there", model),
        ("Model of this box", seen.model),
    )
    return tuple((name, value) for name, value in facts if value)


def _work(seen: PoolSeen) -> tuple[tuple[str, str], ...]:
    """Nothing where it is not known at this moment."""
    if seen.standing is not Standing.REACHABLE:
        return ()
    return (
        ("Machines that hear", ", ".join(seen.workers) or "none"),
        ("In work, of all boxes", counted(seen.queued, "window")),
        ("Heard, of all boxes", f"{seen.sound_s_a_second:.2f} seconds of sound a second, over five minutes"),
        ("This box waits now for", f"{seen.lag_s:.1f} s" if seen.lag_s else "nothing"),
        ("Its last window took", f"{seen.waited_s:.1f} s" if seen.waited_s else "none yet"),
    )


def _heard(tally: Tally) -> tuple[tuple[str, str], ...]:
    pool, box = counted(tally.by_pool, "window"), counted(tally.by_box, "window")
    return (("Since the box was started", f"{pool} heard by the pool, {box} by this box"),)
