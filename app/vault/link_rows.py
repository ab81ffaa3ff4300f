"""Statements about whose session each session was. Each function runs within the caller's transaction."""

from dataclasses import dataclass

from app.vault.database import Connection

_STANDING_LINK = "link_id = (SELECT max(link_id) FROM session_links AS newer WHERE newer.session_id = link.session_id)"


@dataclass(frozen=True, slots=True)
class SessionLink:
    """Whose session it was, as it stands."""

    session_id: str
    client_id: str | None
    appointment_id: str | None
    linked_by: str
    linked_at_ms: int


def insert(connection: Connection, link: SessionLink) -> None:
    connection.execute(
        "INSERT INTO session_links (session_id, client_id, appointment_id, linked_by, linked_at_ms)"
        " VALUES (?, ?, ?, ?, ?)",
        (link.session_id, link.client_id, link.appointment_id, link.linked_by, link.linked_at_ms),
    )


def find(connection: Connection, session_id: str) -> SessionLink | None:
    row = connection.execute(
        "SELECT session_id, client_id, appointment_id, linked_by, linked_at_ms FROM session_links"
        " WHERE session_id = ? ORDER BY link_id DESC LIMIT 1",
        (session_id,),
    ).fetchone()
    return None if row is None else SessionLink(*row)


def sessions_of(connection: Connection, client_id: str) -> list[str]:
    """The ids of the sessions that stand linked to the client."""
    rows = connection.execute(
        f"SELECT session_id FROM session_links AS link WHERE {_STANDING_LINK} AND client_id = ?",  # noqa: S608  constant
        (client_id,),
    )
    return [row[0] for row in rows]


def read_links(connection: Connection) -> dict[str, str]:
    """The client of every session that has one, by session."""
    rows = connection.execute(
        f"SELECT session_id, client_id FROM session_links AS link WHERE {_STANDING_LINK}"  # noqa: S608  constant
        " AND client_id IS NOT NULL"
    )
    return dict(rows.fetchall())
