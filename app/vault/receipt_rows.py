"""Statements that erase a session and keep the receipt. Each function runs within the caller's transaction."""

from app.domain import Receipt
from app.vault.database import Connection, Row

_COLUMNS = "session_id, asked_by, asked_at_ms, clock_trusted, erased_at_ms, samples, sample_rate_hz, words, edits"


def erase_session(connection: Connection, receipt: Receipt) -> Receipt:
    """Delete the session with all that hangs on it; give the receipt, with what was counted. Idempotent.

    A receipt that is there already stands as it is, and the session is deleted again should it have come back.
    """
    known = find_receipt(connection, receipt.session_id)
    if known is None:
        connection.execute(
            f"INSERT INTO receipts ({_COLUMNS}) SELECT ?, ?, ?, ?, ?, ?, ?,"  # noqa: S608  constant columns
            " coalesce((SELECT words FROM sessions WHERE session_id = ?1), 0),"
            " (SELECT count(*) FROM edits WHERE session_id = ?1)",
            (
                receipt.session_id,
                receipt.asked_by,
                receipt.asked_at_ms,
                receipt.clock_trusted,
                receipt.erased_at_ms,
                receipt.samples,
                receipt.sample_rate_hz,
            ),
        )
    connection.execute("DELETE FROM sessions WHERE session_id = ?", (receipt.session_id,))
    return known or find_receipt(connection, receipt.session_id) or receipt


def find_receipt(connection: Connection, session_id: str) -> Receipt | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM receipts WHERE session_id = ?", (session_id,)).fetchone()  # noqa: S608  constant columns
    return None if row is None else _receipt(row)


def all_receipts(connection: Connection) -> list[Receipt]:
    """Newest first."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM receipts ORDER BY asked_at_ms DESC, session_id")  # noqa: S608  constant columns
    return [_receipt(row) for row in rows]


def _receipt(row: Row) -> Receipt:
    session_id, asked_by, asked_at_ms, clock_trusted, erased_at_ms, samples, sample_rate_hz, words, edits = row
    return Receipt(
        session_id=session_id,
        asked_by=asked_by,
        asked_at_ms=asked_at_ms,
        clock_trusted=bool(clock_trusted),
        erased_at_ms=erased_at_ms,
        samples=samples,
        sample_rate_hz=sample_rate_hz,
        words=words,
        edits=edits,
    )
