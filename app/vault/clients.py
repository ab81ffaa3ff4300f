"""What a vault holds of its clients, and whose session each session was."""

import secrets
from collections.abc import Callable
from typing import TypeAlias

from app.domain import SessionRow
from app.records.people import Client, ClientDetails, tidy_name, tidy_text
from app.vault import client_rows, link_rows, session_rows
from app.vault.database import Connection, Database
from app.vault.errors import NoSuchClient
from app.vault.link_rows import SessionLink
from app.vault.sessions import wall_clock_ms

Clients: TypeAlias = list[Client]  # within the class, `list` is the method
Sessions: TypeAlias = list[SessionRow]


class ClientStore:
    """The clients of one unlocked vault. Thread-safe; every change is durable on return, or did not happen.

    Methods that name one client raise NoSuchClient where it is not there; all may raise what a vault raises.
    """

    def __init__(self, database: Database, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        self._database = database
        self._now_ms = now_ms

    def add(self, details: ClientDetails, *, also_if_taken: bool = False) -> Client:
        """Enter a client.

        Raises:
            InvalidClient: Ask again.
            ClientTaken: There is a client of this name; ask whether it is another one.
        """
        tidy, client_id = _tidy(details), secrets.token_hex(16)

        def change(connection: Connection) -> Client:
            if not also_if_taken:
                client_rows.refuse_taken(connection, tidy.name)
            client_rows.insert(connection, client_id, tidy, self._now_ms())
            client_rows.set_people(connection, client_id, tidy.people or (tidy.name,), self._now_ms())
            return client_rows.require(connection, client_id)

        return self._database.write(change)

    def update(self, client_id: str, details: ClientDetails) -> Client:
        """Change what is kept. People who are not named any more have left; their consents stay on file.

        Raises:
            InvalidClient: Ask again.
        """
        tidy = _tidy(details)

        def change(connection: Connection) -> Client:
            client_rows.require(connection, client_id)
            client_rows.update(connection, client_id, tidy)
            client_rows.set_people(connection, client_id, tidy.people or (tidy.name,), self._now_ms())
            return client_rows.require(connection, client_id)

        return self._database.write(change)

    def get(self, client_id: str) -> Client:
        return self._database.read(lambda connection: client_rows.require(connection, client_id))

    def list(self) -> Clients:
        """Everybody, also the archived, by name; not those that were merged into another."""
        return self._database.read(client_rows.read_all)

    def set_archived(self, client_id: str, *, archived: bool) -> None:
        def change(connection: Connection) -> None:
            client_rows.require(connection, client_id)
            at_ms = self._now_ms() if archived else None
            connection.execute("UPDATE clients SET archived_at_ms = ? WHERE client_id = ?", (at_ms, client_id))

        self._database.write(change)

    def merge(self, duplicate_id: str, into_id: str) -> None:
        """Two entries were one client: sessions, appointments, consents and holds go over; texts are joined.

        Raises:
            NoSuchClient: Also where both are the same.
        """

        def change(connection: Connection) -> None:
            duplicate, kept = client_rows.require(connection, duplicate_id), client_rows.require(connection, into_id)
            if duplicate_id == into_id:
                raise NoSuchClient("A client cannot be merged with itself. Choose the other entry.")
            client_rows.merge(connection, duplicate, kept)

        self._database.write(change)

    def link(self, session_id: str, client_id: str | None, linked_by: str, appointment_id: str | None = None) -> None:
        """Say whose session it was; the newest word stands, the others are kept."""

        def change(connection: Connection) -> None:
            session_rows.require_session(connection, session_id)
            if client_id is not None:
                client_rows.require(connection, client_id)
            link_rows.insert(connection, SessionLink(session_id, client_id, appointment_id, linked_by, self._now_ms()))

        self._database.write(change)

    def link_from_tape(self, session_id: str, appointment_id: str) -> None:
        """A tape names the appointment that it was prepared for. Does nothing where a person has linked it already."""

        def change(connection: Connection) -> None:
            if session_rows.find_session(connection, session_id) is None or link_rows.find(connection, session_id):
                return
            row = connection.execute(
                "SELECT client_id FROM prepared WHERE appointment_id = ?", (appointment_id,)
            ).fetchone()
            if row is not None:
                link_rows.insert(
                    connection, SessionLink(session_id, row[0], appointment_id, "appointment", self._now_ms())
                )

        self._database.write(change)

    def link_of(self, session_id: str) -> SessionLink | None:
        return self._database.read(lambda connection: link_rows.find(connection, session_id))

    def client_of(self, session_id: str) -> Client | None:
        """Whose session it was."""

        def question(connection: Connection) -> Client | None:
            link = link_rows.find(connection, session_id)
            return None if link is None or link.client_id is None else client_rows.require(connection, link.client_id)

        return self._database.read(question)

    def sessions(self, client_id: str) -> Sessions:
        """The sessions that stand linked to a client, newest first."""

        def question(connection: Connection) -> Sessions:
            ids = set(link_rows.sessions_of(connection, client_id))
            return [row for row in session_rows.all_sessions(connection) if row.head.session_id in ids]

        return self._database.read(question)

    def links(self) -> dict[str, str]:
        """The client of every session that has one, by session."""
        return self._database.read(link_rows.read_links)


def _tidy(details: ClientDetails) -> ClientDetails:
    return ClientDetails(
        name=tidy_name(details.name),
        people=tuple(dict.fromkeys(tidy_name(one) for one in details.people if one.strip())),
        kind=details.kind,
        pronouns=tidy_text(details.pronouns)[:100],
        language=tidy_text(details.language)[:35],
        vocabulary=tidy_text(details.vocabulary),
        goals=tidy_text(details.goals),
        substance_use=details.substance_use,
        audio_days=details.audio_days,
        text_days=details.text_days,
    )
