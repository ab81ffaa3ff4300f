"""What undo and redo mean over edits that are only ever added. Pure; handles speech in clear.

One person's undo takes back their own edits alone, the latest first, wherever in the session they stand. A redo is the
edit once more; it is told from a new one by its words, so that the history stays a plain list of what stood when.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain import Edit


@dataclass(frozen=True, slots=True)
class Steps:
    """What can be taken back and what can be done again."""

    undo: Edit | None
    redo: Edit | None


def steps(edits: Sequence[Edit], author: str) -> Steps:
    """Give the next step back and forth of this author.

    Args:
        edits: All of the session, oldest first.
        author: Whose steps.
    """
    by_id = {edit.edit_id: edit for edit in edits}
    done: list[Edit] = []
    undone: list[Edit] = []
    for edit in edits:
        taken_back = by_id.get(edit.undoes) if edit.undoes is not None else None
        if taken_back is not None:
            if taken_back in done:
                done.remove(taken_back)
                undone.append(taken_back)
        elif edit.author == author:
            again = bool(undone) and (undone[-1].seq, undone[-1].text) == (edit.seq, edit.text)
            undone = undone[:-1] if again else []
            done.append(edit)
    on_top = _on_top(edits)
    standing = [edit for edit in done if on_top.get(edit.seq) == edit.edit_id]
    return Steps(standing[-1] if standing else None, undone[-1] if undone else None)


def _on_top(edits: Sequence[Edit]) -> dict[int, int]:
    """The edit that stands in each line, by seq: what an undo of the line would take back."""
    gone = {edit.undoes for edit in edits}
    return {edit.seq: edit.edit_id for edit in edits if edit.undoes is None and edit.edit_id not in gone}
