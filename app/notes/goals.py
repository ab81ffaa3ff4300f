"""Goals of a client's plan and which of them a sentence may touch: by shared words, and no more than that. Pure."""

from collections.abc import Iterable

from app.notes.words import content


def goals_of(text: str) -> tuple[str, ...]:
    """The goals in a plan as it was typed: a line each, each once."""
    lines = (" ".join(line.split()).strip("-*\u2022 ") for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def suggested(words: Iterable[str], goals: Iterable[str]) -> tuple[str, ...]:
    """The goals that share a content word with what is said, those that share most first.

    It says that the same words were used, never that a goal was served: linking is the therapist's.
    """
    said = {stem for text in words for stem in content(text)}
    shared = {goal: len(said & set(content(goal))) for goal in goals}
    return tuple(sorted((goal for goal in shared if shared[goal]), key=lambda goal: -shared[goal]))
