"""What a vault holds of consent: wordings, who signed which, and what was taken back."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from app.records.consent import (
    Consent,
    ConsentRecord,
    ConsentText,
    ConsentWithdrawal,
    Method,
    Scope,
    scopes_from_text,
    scopes_to_text,
)
from app.records.consent_default import BODY, LANGUAGE, TITLE
from app.records.people import Person, tidy_name
from app.vault import session_rows
from app.vault.database import Connection, Database, Row
from app.vault.errors import NoSuchConsent
from app.vault.sessions import wall_clock_ms

_TEXT = "text_id, language, version, jurisdiction, title, body, valid_days, created_at_ms"

_CONSENT = "consent_id, person_id, scopes, method, signed_name, signed_at_ms, recorded_by, session_id, at_ms"


@dataclass(frozen=True, slots=True)
class Signing:
    """One person's answer to one wording."""

    person_id: str
    text_id: int
    scopes: frozenset[Scope]
    method: Method
    signed_name: str
    session_id: str | None = None  # where it was said aloud
    at_ms: int | None = None


class ConsentStore:
    """The consents of one unlocked vault, only ever added to. Thread-safe; durable on return, or did not happen."""

    def __init__(self, database: Database, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        self._database = database
        self._now_ms = now_ms

    def texts(self) -> list[ConsentText]:
        """The wording in force of every language; the first time, the one to start from."""
        found = self._database.read(_newest_texts)
        if found:
            return found
        self.add_text(LANGUAGE, TITLE, BODY)
        return self._database.read(_newest_texts)

    def text(self, text_id: int) -> ConsentText:
        """A wording, also one that was replaced.

        Raises:
            NoSuchConsent: There is none.
        """
        return self._database.read(lambda connection: _require_text(connection, text_id))

    def add_text(
        self, language: str, title: str, body: str, jurisdiction: str = "", valid_days: int | None = None
    ) -> ConsentText:
        """Put a wording in force. Everybody who signed an earlier one in this language is asked again."""

        def change(connection: Connection) -> ConsentText:
            (version,) = connection.execute(
                "SELECT coalesce(max(version), 0) + 1 FROM consent_texts WHERE language = ?", (language,)
            ).fetchone()
            (text_id,) = connection.execute(
                "INSERT INTO consent_texts (language, version, jurisdiction, title, body, valid_days, created_at_ms)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING text_id",
                (language, version, jurisdiction, title, body, valid_days, self._now_ms()),
            ).fetchone()
            return _require_text(connection, text_id)

        return self._database.write(change)

    def sign(self, signing: Signing, recorded_by: str) -> Consent:
        """Keep what a person agreed to.

        Raises:
            InvalidClient: The name that was signed with cannot be one.
            NoSuchConsent: No such person or wording; NoSuchSession: no such session.
        """
        name = tidy_name(signing.signed_name)

        def change(connection: Connection) -> Consent:
            _require_person(connection, signing.person_id)
            _require_text(connection, signing.text_id)
            if signing.session_id is not None:
                session_rows.require_session(connection, signing.session_id)
            connection.execute(
                "INSERT INTO consents (person_id, text_id, scopes, method, signed_name, signed_at_ms, recorded_by,"
                " session_id, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    signing.person_id,
                    signing.text_id,
                    scopes_to_text(signing.scopes),
                    signing.method,
                    name,
                    self._now_ms(),
                    recorded_by,
                    signing.session_id,
                    signing.at_ms,
                ),
            )
            return _consents(connection, signing.person_id)[-1]

        return self._database.write(change)

    def withdraw(self, person_id: str, scopes: Collection[Scope], recorded_by: str, *, past_erased: bool) -> None:
        """Keep that a person takes consent back, from now on. What was recorded is erased elsewhere, if it is."""

        def change(connection: Connection) -> None:
            _require_person(connection, person_id)
            connection.execute(
                "INSERT INTO consent_withdrawals (person_id, scopes, withdrawn_at_ms, recorded_by, past_erased)"
                " VALUES (?, ?, ?, ?, ?)",
                (person_id, scopes_to_text(scopes), self._now_ms(), recorded_by, past_erased),
            )

        self._database.write(change)

    def records(self, client_id: str) -> tuple[ConsentRecord, ...]:
        """What is on file about each person of a client who comes at present."""
        return self._database.read(lambda connection: records_of(connection, client_id))


def records_of(connection: Connection, client_id: str) -> tuple[ConsentRecord, ...]:
    newest = tuple((one.language, one.version) for one in _newest_texts(connection))
    people = connection.execute(
        "SELECT person_id, name FROM people WHERE client_id = ? AND left_at_ms IS NULL ORDER BY rowid", (client_id,)
    )
    return tuple(
        ConsentRecord(
            Person(person_id, name),
            tuple(_consents(connection, person_id)),
            tuple(_withdrawals(connection, person_id)),
            newest,
        )
        for person_id, name in people.fetchall()
    )


def _newest_texts(connection: Connection) -> list[ConsentText]:
    rows = connection.execute(
        f"SELECT {_TEXT} FROM consent_texts AS text WHERE version ="  # noqa: S608  constant columns
        " (SELECT max(version) FROM consent_texts WHERE language = text.language) ORDER BY language"
    )
    return [ConsentText(*row) for row in rows]


def _require_text(connection: Connection, text_id: int) -> ConsentText:
    row = connection.execute(f"SELECT {_TEXT} FROM consent_texts WHERE text_id = ?", (text_id,)).fetchone()  # noqa: S608  constant
    if row is None:
        raise NoSuchConsent("This wording is not there. Open the client's page again and choose one.")
    return ConsentText(*row)


def _require_person(connection: Connection, person_id: str) -> None:
    if connection.execute("SELECT 1 FROM people WHERE person_id = ?", (person_id,)).fetchone() is None:
        raise NoSuchConsent("This person is not in your vault any more. Go back to the list of clients.")


def _consents(connection: Connection, person_id: str) -> list[Consent]:
    rows = connection.execute(
        f"SELECT {_CONSENT}, {_TEXT}"  # noqa: S608  constant columns
        " FROM consents JOIN consent_texts USING (text_id) WHERE person_id = ? ORDER BY consent_id",
        (person_id,),
    )
    return [_consent(row) for row in rows]


def _consent(row: Row) -> Consent:
    consent_id, person_id, scopes, method, signed_name, signed_at_ms, recorded_by, session_id, at_ms, *text = row
    return Consent(
        consent_id=consent_id,
        person_id=person_id,
        text=ConsentText(*text),
        scopes=scopes_from_text(scopes),
        method=Method(method),
        signed_name=signed_name,
        signed_at_ms=signed_at_ms,
        recorded_by=recorded_by,
        session_id=session_id,
        at_ms=at_ms,
    )


def _withdrawals(connection: Connection, person_id: str) -> list[ConsentWithdrawal]:
    rows = connection.execute(
        "SELECT person_id, scopes, withdrawn_at_ms, recorded_by, past_erased FROM consent_withdrawals"
        " WHERE person_id = ? ORDER BY withdrawal_id",
        (person_id,),
    )
    return [ConsentWithdrawal(one, scopes_from_text(scopes), at, by, bool(past)) for one, scopes, at, by, past in rows]
