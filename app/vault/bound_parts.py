"""What an approval binds beside the transcript itself: each part is read by the module that owns its rows.

A module adds its part with one line in `READERS`. A reader runs within the caller's snapshot and gives a JSON value of
text, whole numbers, booleans, lists and objects, in an order that depends on the stored content alone; None where there
is nothing, which binds nothing. Once approvals of it exist, what a reader gives for the same rows must not change.
"""

from collections.abc import Callable

from app.vault import mark_rows
from app.vault.database import Connection
from app.vault.note_rows import read_bound_note

Reader = Callable[[Connection, str], object]  # the session's id

READERS: dict[str, Reader] = {
    "marks": mark_rows.bound_part,
    "note": read_bound_note,
}


def read_parts(connection: Connection, session_id: str) -> dict[str, object]:
    """Give every part by its name."""
    return {name: read(connection, session_id) for name, read in READERS.items()}
