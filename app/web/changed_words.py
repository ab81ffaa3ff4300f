"""What one version of a line changed in the one before, word by word. Pure; handles speech in clear."""

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Literal


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Literal["same", "gone", "new"]
    text: str = field(repr=False)


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """Cut both into runs of words that stayed, went, or came."""
    old, new = before.split(), after.split()
    cut: list[Piece] = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            cut.append(Piece("same", " ".join(new[k:m])))
            continue
        cut += [Piece("gone", " ".join(old[i:j]))] if j > i else []
        cut += [Piece("new", " ".join(new[k:m]))] if m > k else []
    return tuple(cut)
