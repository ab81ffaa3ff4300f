"""Statements about clients and the people behind them. Each function runs within the caller's transaction."""

import secrets
from collections.abc import Sequence

from app.records.people import Client, ClientDetails, Kind, Person, folded
from app.vault.database import Connection, Row
from app.vault.errors import ClientTaken, NoSuchClient

_COLUMNS = (
    "client_id, name, kind, pronouns, language, vocabulary, goals, substance_use, audio_days, text_days, created_at_ms,"
    " archived_at_ms, merged_into"
)


def insert(connection: Connection, client_id: str, details: ClientDetails, now_ms: int) -> None:
    connection.execute(
        f"INSERT INTO clients ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",  # noqa: S608  constant columns
        (client_id, *_values(details), now_ms),
    )


def update(connection: Connection, client_id: str, details: ClientDetails) -> None:
    connection.execute(
        "UPDATE clients SET name = ?, kind = ?, pronouns = ?, language = ?, vocabulary = ?, goals = ?,"
        " substance_use = ?, audio_days = ?, text_days = ? WHERE client_id = ?",
        (*_values(details), client_id),
    )


def merge(connection: Connection, duplicate: Client, kept: Client) -> None:
    """All that hangs on the duplicate goes over; texts are joined."""
    for table in ("series", "prepared", "session_links", "legal_holds"):
        connection.execute(
            f"UPDATE {table} SET client_id = ? WHERE client_id = ?",  # noqa: S608  constant
            (kept.client_id, duplicate.client_id),
        )
    _merge_people(connection, duplicate, kept)
    connection.execute(
        "UPDATE clients SET vocabulary = ?, goals = ?, substance_use = ? WHERE client_id = ?",
        (
            _joined(kept.details.vocabulary, duplicate.details.vocabulary),
            _joined(kept.details.goals, duplicate.details.goals),
            kept.details.substance_use or duplicate.details.substance_use,
            kept.client_id,
        ),
    )
    connection.execute(
        "UPDATE clients SET merged_into = ?, vocabulary = '', goals = '' WHERE client_id = ?",
        (kept.client_id, duplicate.client_id),
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


def refuse_taken(connection: Connection, name: str) -> None:
    rows = connection.execute("SELECT name FROM clients WHERE merged_into IS NULL")
    if any(folded(one) == folded(name) for (one,) in rows):
        raise ClientTaken(
            "You have a client of this name already. Tick that this is somebody else, or open the entry that is there."
        )


def set_people(connection: Connection, client_id: str, names: Sequence[str], now_ms: int) -> None:
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


def read_all(connection: Connection) -> list[Client]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM clients WHERE merged_into IS NULL")  # noqa: S608  constant
    people: dict[str, list[Person]] = {}
    for client_id, person_id, name in connection.execute(
        "SELECT client_id, person_id, name FROM people WHERE left_at_ms IS NULL ORDER BY rowid"
    ):
        people.setdefault(client_id, []).append(Person(person_id, name))
    return sorted((_client(row, people.get(row[0], [])) for row in rows), key=lambda one: folded(one.name))


def require(connection: Connection, client_id: str) -> Client:
    row = connection.execute(f"SELECT {_COLUMNS} FROM clients WHERE client_id = ?", (client_id,)).fetchone()  # noqa: S608  constant
    if row is None:
        raise NoSuchClient("This client is not in your vault; the entry may have been erased. Go back to the list.")
    if row[-1] is not None:
        return require(connection, row[-1])
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
