"""Statements about approvals and exports, which are only ever added. Each runs within the caller's transaction."""

from app.domain import Addendum, Approval, Export
from app.vault.database import Connection
from app.vault.errors import ApprovalMissing, SessionApproved

_APPROVALS = (
    "SELECT content_hash, approved_by, approved_at_ms, attestation, revoked_by, revoked_at_ms, done,"
    " approval_id"
    " FROM approvals LEFT JOIN revocations USING (approval_id) WHERE session_id = ?"
)


def insert_approval(connection: Connection, session_id: str, approval: Approval) -> None:
    connection.execute(
        "INSERT INTO approvals (session_id, content_hash, attestation, approved_by, approved_at_ms, done)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            session_id,
            approval.content_hash,
            approval.attestation,
            approval.approved_by,
            approval.approved_at_ms,
            approval.done,
        ),
    )


def read_standing(connection: Connection, session_id: str) -> Approval | None:
    """The approval that nobody has taken back; there is one at most."""
    row = connection.execute(f"{_APPROVALS} AND revoked_at_ms IS NULL", (session_id,)).fetchone()
    return None if row is None else Approval(*row[:-1])


def read_all(connection: Connection, session_id: str) -> list[Approval]:
    """Every approval that was ever given, also those taken back, oldest first."""
    rows = connection.execute(f"{_APPROVALS} ORDER BY approval_id", (session_id,))
    return [Approval(*row[:-1]) for row in rows]


def refuse_approved(connection: Connection, session_id: str) -> None:
    """Stop a change of an approved session.

    Raises:
        SessionApproved: An approval stands.
    """
    standing = read_standing(connection, session_id)
    if standing is not None:
        raise SessionApproved(
            f"{standing.approved_by} has approved this session, so it is read-only. "
            "Take the approval back first if something has to change."
        )


def revoke_standing(connection: Connection, session_id: str, author: str, now_ms: int) -> None:
    """Take the approval back; both stay on record.

    Raises:
        ApprovalMissing: None stands.
    """
    connection.execute(
        "INSERT INTO revocations (approval_id, revoked_by, revoked_at_ms) VALUES (?, ?, ?)",
        (_standing_id(connection, session_id), author, now_ms),
    )


def insert_addendum(connection: Connection, session_id: str, addendum: Addendum) -> None:
    """Add to the approval that stands.

    Raises:
        ApprovalMissing: None stands.
    """
    connection.execute(
        "INSERT INTO addenda (approval_id, text, author, added_at_ms, content_hash) VALUES (?, ?, ?, ?, ?)",
        (
            _standing_id(connection, session_id),
            addendum.text,
            addendum.author,
            addendum.added_at_ms,
            addendum.content_hash,
        ),
    )


def read_addenda(connection: Connection, session_id: str) -> list[Addendum]:
    """Of the approval that stands, oldest first."""
    rows = connection.execute(
        "SELECT text, author, added_at_ms, addenda.content_hash FROM addenda JOIN approvals USING (approval_id)"
        " LEFT JOIN revocations USING (approval_id) WHERE session_id = ? AND revoked_at_ms IS NULL"
        " ORDER BY addendum_id",
        (session_id,),
    )
    return [Addendum(*row) for row in rows]


def insert_export(connection: Connection, session_id: str, export: Export) -> None:
    """Keep that the approved content left the box.

    Raises:
        ApprovalMissing: The approval of exactly this content does not stand (any more).
    """
    connection.execute(
        "INSERT INTO exports (approval_id, kind, exported_by, exported_at_ms) VALUES (?, ?, ?, ?)",
        (
            _standing_id(connection, session_id, export.content_hash),
            export.kind,
            export.exported_by,
            export.exported_at_ms,
        ),
    )


def read_exports(connection: Connection, session_id: str) -> list[Export]:
    """Every export, oldest first."""
    rows = connection.execute(
        "SELECT content_hash, kind, exported_by, exported_at_ms FROM exports JOIN approvals USING (approval_id)"
        " WHERE session_id = ? ORDER BY export_id",
        (session_id,),
    )
    return [Export(*row) for row in rows]


def _standing_id(connection: Connection, session_id: str, content_hash: str | None = None) -> int:
    row = connection.execute(f"{_APPROVALS} AND revoked_at_ms IS NULL", (session_id,)).fetchone()
    if row is None or content_hash not in (None, row[0]):
        raise ApprovalMissing("No approval of this transcript stands. Review the session and approve it.")
    return int(row[-1])
