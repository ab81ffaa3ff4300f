"""What a vault holds of its clients, and whose session each session was."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from app.domain import SessionRow
from app.records.people import Client, ClientDetails, Kind, Person, folded, tidy_name, tidy_text
from app.vault import session_rows
from app.vault.database import Connection, Database, Row
from app.vault.errors import ClientTaken, NoSuchClient
from app.vault.sessions import wall_clock_ms

Clients: TypeAlias = list[Client]  # within the class, `list` is the method
Sessions: TypeAlias = list[SessionRow]

_COLUMNS = (
    "client_id, name, kind, pronouns, language, vocabulary, goals, substance_use, audio_days, text_days, created_at_ms,"
    " archived_at_ms, merged_into"
)
_STANDING_LINK = "link_id = (SELECT max(link_id) FROM session_links AS newer WHERE newer.session_id = link.session_id)"


@dataclass(frozen=True, slots=True)
class SessionLink:
    """Whose session it was, as it stands."""

    session_id: str
    client_id: str | None
    appointment_id: str | None
    linked_by: str
    linked_at_ms: int


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
                _refuse_taken(connection, tidy.name)
            connection.execute(
                f"INSERT INTO clients ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",  # noqa: S608  constant columns
                (client_id, *_values(tidy), self._now_ms()),
            )
            _set_people(connection, client_id, tidy.people or (tidy.name,), self._now_ms())
            return _require(connection, client_id)

        return self._database.write(change)

    def update(self, client_id: str, details: ClientDetails) -> Client:
        """Change what is kept. People who are not named any more have left; their consents stay on file.

        Raises:
            InvalidClient: Ask again.
        """
        tidy = _tidy(details)

        def change(connection: Connection) -> Client:
            _require(connection, client_id)
            connection.execute(
                "UPDATE clients SET name = ?, kind = ?, pronouns = ?, language = ?, vocabulary = ?, goals = ?,"
                " substance_use = ?, audio_days = ?, text_days = ? WHERE client_id = ?",
                (*_values(tidy), client_id),
            )
            _set_people(connection, client_id, tidy.people or (tidy.name,), self._now_ms())
            return _require(connection, client_id)

        return self._database.write(change)

    def get(self, client_id: str) -> Client:
        return self._database.read(lambda connection: _require(connection, client_id))

    def list(self) -> Clients:
        """Everybody, also the archived, by name; not those that were merged into another."""
        return self._database.read(_all)

    def set_archived(self, client_id: str, *, archived: bool) -> None:
        def change(connection: Connection) -> None:
            _require(connection, client_id)
            at_ms = self._now_ms() if archived else None
            connection.execute("UPDATE clients SET archived_at_ms = ? WHERE client_id = ?", (at_ms, client_id))

        self._database.write(change)

    def merge(self, duplicate_id: str, into_id: str) -> None:
        """Two entries were one client: sessions, appointments, consents and holds go over; texts are joined.

        Raises:
            NoSuchClient: Also where both are the same.
        """

        def change(connection: Connection) -> None:
            duplicate, kept = _require(connection, duplicate_id), _require(connection, into_id)
            if duplicate_id == into_id:
                raise NoSuchClient("A client cannot be merged with itself. Choose the other entry.")
            for table in ("series", "prepared", "session_links", "legal_holds"):
                connection.execute(f"UPDATE {table} SET client_id = ? WHERE client_id = ?", (into_id, duplicate_id))  # noqa: S608  constant
            _merge_people(connection, duplicate, kept)
            connection.execute(
                "UPDATE clients SET vocabulary = ?, goals = ?, substance_use = ? WHERE client_id = ?",
                (
                    _joined(kept.details.vocabulary, duplicate.details.vocabulary),
                    _joined(kept.details.goals, duplicate.details.goals),
                    kept.details.substance_use or duplicate.details.substance_use,
                    into_id,
                ),
            )
            connection.execute(
                "UPDATE clients SET merged_into = ?, vocabulary = '', goals = '' WHERE client_id = ?",
                (into_id, duplicate_id),
            )

        self._database.write(change)

    def link(self, session_id: str, client_id: str | None, linked_by: str, appointment_id: str | None = None) -> None:
        """Say whose session it was; the newest word stands, the others are kept."""

        def change(connection: Connection) -> None:
            session_rows.require_session(connection, session_id)
            if client_id is not None:
                _require(connection, client_id)
            insert_link(connection, SessionLink(session_id, client_id, appointment_id, linked_by, self._now_ms()))

        self._database.write(change)

    def link_from_tape(self, session_id: str, appointment_id: str) -> None:
        """A tape names the appointment that it was prepared for. Does nothing where a person has linked it already."""

        def change(connection: Connection) -> None:
            if session_rows.find_session(connection, session_id) is None or find_link(connection, session_id):
                return
            row = connection.execute(
                "SELECT client_id FROM prepared WHERE appointment_id = ?", (appointment_id,)
            ).fetchone()
            if row is not None:
                insert_link(connection, SessionLink(session_id, row[0], appointment_id, "appointment", self._now_ms()))

        self._database.write(change)

    def link_of(self, session_id: str) -> SessionLink | None:
        return self._database.read(lambda connection: find_link(connection, session_id))

    def client_of(self, session_id: str) -> Client | None:
        """Whose session it was."""

        def question(connection: Connection) -> Client | None:
            link = find_link(connection, session_id)
            return None if link is None or link.client_id is None else _require(connection, link.client_id)

        return self._database.read(question)

    def sessions(self, client_id: str) -> Sessions:
        """The sessions that stand linked to a client, newest first."""

        def question(connection: Connection) -> Sessions:
            ids = set(linked_sessions(connection, client_id))
            return [row for row in session_rows.all_sessions(connection) if row.head.session_id in ids]

        return self._database.read(question)

    def links(self) -> dict[str, str]:
        """The client of every session that has one, by session."""
        return self._database.read(
            lambda connection: dict(
                connection.execute(
                    f"SELECT session_id, client_id FROM session_links AS link WHERE {_STANDING_LINK}"  # noqa: S608  constant
                    " AND client_id IS NOT NULL"
                ).fetchall()
            )
        )


def insert_link(connection: Connection, link: SessionLink) -> None:
    connection.execute(
        "INSERT INTO session_links (session_id, client_id, appointment_id, linked_by, linked_at_ms)"
        " VALUES (?, ?, ?, ?, ?)",
        (link.session_id, link.client_id, link.appointment_id, link.linked_by, link.linked_at_ms),
    )


def find_link(connection: Connection, session_id: str) -> SessionLink | None:
    row = connection.execute(
        "SELECT session_id, client_id, appointment_id, linked_by, linked_at_ms FROM session_links"
        " WHERE session_id = ? ORDER BY link_id DESC LIMIT 1",
        (session_id,),
    ).fetchone()
    return None if row is None else SessionLink(*row)


def linked_sessions(connection: Connection, client_id: str) -> list[str]:
    """The ids of the sessions that stand linked to the client."""
    rows = connection.execute(
        f"SELECT session_id FROM session_links AS link WHERE {_STANDING_LINK} AND client_id = ?",  # noqa: S608  constant
        (client_id,),
    )
    return [row[0] for row in rows]


def require_client(connection: Connection, client_id: str) -> Client:
    return _require(connection, client_id)


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


def _values(details: ClientDetails) -> tuple[str | int | None, ...]:
    return (
        details.name,
        details.kind,
        details.pronouns,
        details.language,
        details.vocabulary,
        details.goals,
        details.substance_use,
        details.audio_days,
        details.text_days,
    )


def _refuse_taken(connection: Connection, name: str) -> None:
    rows = connection.execute("SELECT name FROM clients WHERE merged_into IS NULL")
    if any(folded(one) == folded(name) for (one,) in rows):
        raise ClientTaken(
            "You have a client of this name already. Tick that this is somebody else, or open the entry that is there."
        )


def _set_people(connection: Connection, client_id: str, names: Sequence[str], now_ms: int) -> None:
    present = {
        name: person_id
        for person_id, name in connection.execute(
            "SELECT person_id, name FROM people WHERE client_id = ? ORDER BY left_at_ms IS NULL", (client_id,)
        )
    }
    connection.execute(
        "UPDATE people SET left_at_ms = coalesce(left_at_ms, ?) WHERE client_id = ?", (now_ms, client_id)
    )
    for name in names:
        if name in present:
            connection.execute("UPDATE people SET left_at_ms = NULL WHERE person_id = ?", (present[name],))
        else:
            connection.execute(
                "INSERT INTO people (person_id, client_id, name) VALUES (?, ?, ?)",
                (secrets.token_hex(16), client_id, name),
            )


def _merge_people(connection: Connection, duplicate: Client, kept: Client) -> None:
    """The same name is the same person; what they signed under either entry counts for both."""
    known = {folded(one.name): one.person_id for one in kept.people}
    for person in duplicate.people:
        same = known.get(folded(person.name))
        if same is None:
            connection.execute(
                "UPDATE people SET client_id = ? WHERE person_id = ?", (kept.client_id, person.person_id)
            )
            continue
        for table in ("consents", "consent_withdrawals"):
            connection.execute(f"UPDATE {table} SET person_id = ? WHERE person_id = ?", (same, person.person_id))  # noqa: S608  constant


def _joined(one: str, other: str) -> str:
    return "\n".join(dict.fromkeys(line for line in (*one.splitlines(), *other.splitlines()) if line))


def _all(connection: Connection) -> Clients:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM clients WHERE merged_into IS NULL")  # noqa: S608  constant
    people: dict[str, list[Person]] = {}
    for client_id, person_id, name in connection.execute(
        "SELECT client_id, person_id, name FROM people WHERE left_at_ms IS NULL ORDER BY rowid"
    ):
        people.setdefault(client_id, []).append(Person(person_id, name))
    return sorted((_client(row, people.get(row[0], [])) for row in rows), key=lambda one: folded(one.name))


def _require(connection: Connection, client_id: str) -> Client:
    row = connection.execute(f"SELECT {_COLUMNS} FROM clients WHERE client_id = ?", (client_id,)).fetchone()  # noqa: S608  constant
    if row is None:
        raise NoSuchClient("This client is not in your vault; the entry may have been erased. Go back to the list.")
    if row[-1] is not None:
        return _require(connection, row[-1])
    people = connection.execute(
        "SELECT person_id, name FROM people WHERE client_id = ? AND left_at_ms IS NULL ORDER BY rowid", (client_id,)
    )
    return _client(row, [Person(*one) for one in people])


def _client(row: Row, people: Sequence[Person]) -> Client:
    client_id, name, kind, pronouns, language, vocabulary, goals, substance_use, audio_days, text_days, *rest = row
    details = ClientDetails(
        name=name,
        people=tuple(one.name for one in people),
        kind=Kind(kind),
        pronouns=pronouns,
        language=language,
        vocabulary=vocabulary,
        goals=goals,
        substance_use=bool(substance_use),
        audio_days=audio_days,
        text_days=text_days,
    )
    return Client(client_id, details, tuple(people), *rest)
