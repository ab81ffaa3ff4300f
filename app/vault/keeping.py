"""What a vault holds of keeping and erasing: marks, legal holds, what was erased, and certificates."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.domain import SessionState
from app.records.consent import Scope, everybody_agrees
from app.records.people import tidy_text
from app.records.retention import Due, Kept, Reason, Rule
from app.vault import approval_rows, client_rows, link_rows, session_rows
from app.vault.consents import records_of
from app.vault.database import Connection, Database
from app.vault.errors import NotReadyToHold
from app.vault.sessions import wall_clock_ms

_ENDED = frozenset({SessionState.DRAFTED, SessionState.IN_REVIEW, SessionState.APPROVED, SessionState.EXPORTED})


@dataclass(frozen=True, slots=True)
class Hold:
    """Something outside of the practice forbids to erase: a court, a complaint, an authority."""

    hold_id: int
    client_id: str
    reason: str = field(repr=False)
    placed_by: str
    placed_at_ms: int
    lifted_by: str | None
    lifted_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """That something was erased: how much and why. Holds no name and nothing of what it was."""

    certificate_id: str
    reason: Reason
    issued_at_ms: int
    counts: Mapping[str, int]


class KeepingStore:
    """What is kept until when, in one unlocked vault. Thread-safe; durable on return, or did not happen."""

    def __init__(self, database: Database, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        self._database = database
        self._now_ms = now_ms

    def mark(self, now_ms: int) -> None:
        """By a clock that can be trusted, note what a period counts from, for every session where that is new."""

        def change(connection: Connection) -> None:
            for session_id, mark in _unmarked(connection):
                connection.execute(
                    "INSERT INTO retention_marks (session_id, mark, seen_at_ms) VALUES (?, ?, ?)"
                    " ON CONFLICT DO NOTHING",
                    (session_id, mark, now_ms),
                )

        if self._database.read(lambda connection: bool(_unmarked(connection))):
            self._database.write(change)

    def kept(self, practice: Rule) -> list[Kept]:
        """Every session as the rules see it."""
        now_ms = self._now_ms()
        return self._database.read(lambda connection: _kept(connection, practice, now_ms))

    def place_hold(self, client_id: str, reason: str, placed_by: str) -> None:
        """From now on nothing of this client is erased. Kept for good, also after it is lifted.

        Raises:
            NotReadyToHold: A hold needs a reason.
        """
        reason = tidy_text(reason)
        if not reason:
            raise NotReadyToHold("A legal hold needs a reason. Type why nothing may be erased, and save again.")

        def change(connection: Connection) -> None:
            client_rows.require(connection, client_id)
            connection.execute(
                "INSERT INTO legal_holds (client_id, reason, placed_by, placed_at_ms) VALUES (?, ?, ?, ?)",
                (client_id, reason, placed_by, self._now_ms()),
            )

        self._database.write(change)

    def lift_holds(self, client_id: str, lifted_by: str) -> None:
        self._database.write(
            lambda connection: (
                connection.execute(
                    "UPDATE legal_holds SET lifted_by = ?, lifted_at_ms = ?"
                    " WHERE client_id = ? AND lifted_at_ms IS NULL",
                    (lifted_by, self._now_ms(), client_id),
                ).rowcount
            )
        )

    def holds(self, client_id: str) -> list[Hold]:
        """Every hold ever placed on a client, oldest first."""
        return self._database.read(lambda connection: _holds(connection, client_id))

    def entries_of(self, client_id: str) -> list[str]:
        """The ids of the client and of the entries that were merged into it, itself first."""
        return [client_id, *self._database.read(lambda connection: _merged(connection, client_id))]

    def is_held(self, client_id: str) -> bool:
        return any(one.lifted_at_ms is None for one in self.holds(client_id))

    def is_session_held(self, session_id: str) -> bool:
        def question(connection: Connection) -> bool:
            link = link_rows.find(connection, session_id)
            return link is not None and link.client_id is not None and _is_held(connection, link.client_id)

        return self._database.read(question)

    def note_sound_erased(self, due: Due, samples: int) -> None:
        """The tape is gone by now. Idempotent."""
        self._database.write(
            lambda connection: (
                connection.execute(
                    "INSERT INTO sound_erasures (session_id, due_at_ms, erased_at_ms, samples)"
                    " SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM sessions WHERE session_id = ?1)"
                    " ON CONFLICT DO NOTHING",
                    (due.session_id, due.at_ms, self._now_ms(), samples),
                ).rowcount
            )
        )

    def sound_erased_at(self, session_id: str) -> int | None:
        def question(connection: Connection) -> int | None:
            row = connection.execute(
                "SELECT erased_at_ms FROM sound_erasures WHERE session_id = ?", (session_id,)
            ).fetchone()
            return None if row is None else int(row[0])

        return self._database.read(question)

    def erase_client(self, client_id: str) -> dict[str, int]:
        """Delete a client with people, consents, appointments and holds; give what went, counted. Idempotent.

        Sessions are erased before, one by one: what is still linked stays, and nobody's.
        """

        def change(connection: Connection) -> dict[str, int]:
            counts = _count_client(connection, client_id)
            ids = [client_id, *_merged(connection, client_id)]
            for one in ids:
                for text_table in ("people", "series"):
                    connection.execute(f"DELETE FROM {text_table} WHERE client_id = ?", (one,))  # noqa: S608  constant
                connection.execute("DELETE FROM clients WHERE client_id = ?", (one,))
            return counts

        counts = self._database.write(change)
        self._database.empty_log()
        return counts

    def certify(self, reason: Reason, counts: Mapping[str, int]) -> Certificate:
        """Keep that something was erased, and give the certificate."""
        certificate = Certificate(secrets.token_hex(16), reason, self._now_ms(), dict(counts))
        values = (certificate.certificate_id, reason, certificate.issued_at_ms, json.dumps(dict(counts)))
        self._database.write(
            lambda connection: (
                connection.execute(
                    "INSERT INTO certificates (certificate_id, reason, issued_at_ms, counts) VALUES (?, ?, ?, ?)",
                    values,
                ).rowcount
            )
        )
        return certificate

    def certificates(self) -> list[Certificate]:
        """Newest first."""
        rows = (
            "SELECT certificate_id, reason, issued_at_ms, counts FROM certificates"
            " ORDER BY issued_at_ms DESC, rowid DESC"
        )
        return self._database.read(
            lambda connection: [
                Certificate(one, Reason(reason), at, json.loads(counts))
                for one, reason, at, counts in connection.execute(rows)
            ]
        )


def _unmarked(connection: Connection) -> list[tuple[str, str]]:
    known = set(connection.execute("SELECT session_id, mark FROM retention_marks").fetchall())
    found = []
    for row in session_rows.all_sessions(connection):
        session_id = row.head.session_id
        if row.state in _ENDED:
            found.append((session_id, "ended"))
        approval = approval_rows.read_standing(connection, session_id)
        if approval is not None:
            found.append((session_id, _approved(approval.content_hash)))
    return [one for one in found if one not in known]


def _approved(content_hash: str) -> str:
    return f"approved {content_hash}"


def _kept(connection: Connection, practice: Rule, now_ms: int) -> list[Kept]:
    marks = {
        (session_id, mark): seen
        for session_id, mark, seen in connection.execute("SELECT session_id, mark, seen_at_ms FROM retention_marks")
    }
    silent = {row[0] for row in connection.execute("SELECT session_id FROM sound_erasures")}
    clients: dict[str | None, tuple[Rule, bool, bool]] = {None: (practice, False, False)}
    found = []
    for row in session_rows.all_sessions(connection):
        session_id = row.head.session_id
        link = link_rows.find(connection, session_id)
        client_id = link.client_id if link else None
        if client_id not in clients:
            clients[client_id] = _rule_of(connection, str(client_id), practice, now_ms)
        rule, held, sound_consented = clients[client_id]
        approval = approval_rows.read_standing(connection, session_id)
        found.append(
            Kept(
                session_id=session_id,
                ended_mark_ms=marks.get((session_id, "ended")),
                approved_mark_ms=marks.get((session_id, _approved(approval.content_hash))) if approval else None,
                sound_there=session_id not in silent,
                approved=approval is not None,
                rule=rule,
                held=held,
                sound_consented=sound_consented,
            )
        )
    return found


def _rule_of(connection: Connection, client_id: str, practice: Rule, now_ms: int) -> tuple[Rule, bool, bool]:
    client = client_rows.require(connection, client_id)
    own = client.details
    rule = Rule(
        practice.audio_days if own.audio_days is None else own.audio_days,
        practice.text_days if own.text_days is None else own.text_days,
    )
    keeps_sound = everybody_agrees(records_of(connection, client.client_id), Scope.KEEP_AUDIO, now_ms)
    # A period of the client's own is the therapist's word for this client, and counts before the general consent.
    return rule, _is_held(connection, client_id), keeps_sound and own.audio_days is None


def _is_held(connection: Connection, client_id: str) -> bool:
    return any(one.lifted_at_ms is None for one in _holds(connection, client_id))


def _holds(connection: Connection, client_id: str) -> list[Hold]:
    rows = connection.execute(
        "SELECT hold_id, client_id, reason, placed_by, placed_at_ms, lifted_by, lifted_at_ms FROM legal_holds"
        " WHERE client_id = ? ORDER BY hold_id",
        (client_id,),
    )
    return [Hold(*row) for row in rows]


def _merged(connection: Connection, client_id: str) -> list[str]:
    """Those that were merged into the client, each after what was merged into it."""
    direct = [row[0] for row in connection.execute("SELECT client_id FROM clients WHERE merged_into = ?", (client_id,))]
    return [deep for one in direct for deep in (*_merged(connection, one), one)]


def _count_client(connection: Connection, client_id: str) -> dict[str, int]:
    def count(sql: str) -> int:
        return int(connection.execute(sql, (client_id,)).fetchone()[0])

    return {
        "people": count("SELECT count(*) FROM people WHERE client_id = ?"),
        "consents": count("SELECT count(*) FROM consents JOIN people USING (person_id) WHERE client_id = ?"),
        "appointments": count("SELECT count(*) FROM series WHERE client_id = ?"),
        "sessions still linked": len(link_rows.sessions_of(connection, client_id)),
    }
