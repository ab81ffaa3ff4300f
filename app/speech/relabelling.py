"""Voices told apart anew keep the numbers that they had. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from app.domain import Attribution, Turn


def like_before(told: Attribution, before: Sequence[Turn]) -> Attribution:
    """Give each voice the number of the one that spoke most while it does, and new ones numbers of their own."""
    shared: Counter[tuple[str, str]] = Counter()
    at = 0
    for turn in told.turns:
        while at < len(before) and before[at].end_ms <= turn.start_ms:
            at += 1
        for old in before[at:]:
            if old.start_ms >= turn.end_ms:
                break
            shared[turn.speaker, old.speaker] += min(turn.end_ms, old.end_ms) - max(turn.start_ms, old.start_ms)
    called: dict[str, str] = {}
    for (speaker, former), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if speaker not in called and former not in called.values():
            called[speaker] = former
    free = (str(number) for number in range(1, 99) if str(number) not in called.values())
    for speaker in sorted({turn.speaker for turn in told.turns} - called.keys()):
        called[speaker] = next(free)
    therapist = called.get(told.therapist) if told.therapist else None
    return replace(
        told, turns=tuple(replace(turn, speaker=called[turn.speaker]) for turn in told.turns), therapist=therapist
    )
