"""Psychotherapy notes (45 CFR 164.501): what a therapist thinks, kept apart from everything else that is held.

    vaults/<vault_id>/process/<client_id>.key   the place's key, wrapped under the process key
                             /<client_id>.db    SQLCipher under the place's key

The process key is wrapped under passphrase and recovery code, beside the vault key and not under it
(app.vault.keyring): an unlocked vault cannot open these files, so no drafter, search, export or archive can come to
read them. Whoever has proved the passphrase again holds a `Place` in memory, for one client.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.durable import erase_private, make_private_folder, sync_folder, write_private
from app.errors import TacetError
from app.records.people import tidy_text
from app.vault.database import Connection, Database
from app.vault.errors import NoSuchClient, VaultDamaged, storage_refused
from app.vault.keys import NotOpened, Purpose, new_key, unwrap, wrap
from app.vault.schema import Migration
from app.vault.sessions import wall_clock_ms

PROCESS_FOLDER = "process"

_MIGRATIONS = (
    Migration(
        1,
        "CREATE TABLE process_notes (note_id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL,"
        " written_at_ms INTEGER NOT NULL, changed_at_ms INTEGER) STRICT;",
    ),
)
_CLIENT_ID_DIGITS = 32


class NotAProcessNote(TacetError):
    """There are no words, or the note is not there any more; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class ProcessNote:
    note_id: int
    text: str = field(repr=False)
    written_at_ms: int  # UTC epoch
    changed_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """The key of one client's place, in clear. Drop it to close the place."""

    client_id: str
    key: bytes = field(repr=False)


class ProcessNotes:
    """The closed places of one vault's clients. Holds no key; thread-safe for different clients.

    Every method may raise what a vault raises; those that take a Place raise VaultDamaged where its file is gone.
    """

    def __init__(self, folder: Path, vault_id: str, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        self._folder = folder / PROCESS_FOLDER
        self._vault_id = vault_id
        self._now_ms = now_ms

    def exist(self, client_id: str) -> bool:
        """Whether something may be written there; what, nobody can tell without the passphrase."""
        return self._key_file(client_id).exists()

    def open(self, client_id: str, process_key: bytes) -> Place:
        """Give the key of this client's place; it is made where there is none.

        Raises:
            VaultDamaged: The place is there, and this key does not open it.
        """
        file = self._key_file(client_id)
        try:
            wrapped = file.read_bytes()
        except FileNotFoundError:
            return self._make(client_id, process_key)
        except OSError as error:
            raise storage_refused(error) from None
        try:
            return Place(client_id, unwrap(process_key, wrapped, self._vault_id, Purpose.PROCESS_PLACE, client_id))
        except NotOpened:
            pass
        raise VaultDamaged(
            "The key of these process notes cannot be read, so they were not opened. Restore them from a backup that "
            "was made with --with-process-notes."
        )

    def read(self, place: Place) -> Sequence[ProcessNote]:
        """All notes, newest first."""
        rows = "SELECT note_id, text, written_at_ms, changed_at_ms FROM process_notes ORDER BY note_id DESC"
        with self._opened(place) as database:
            return database.read(lambda connection: [ProcessNote(*row) for row in connection.execute(rows)])

    def add(self, place: Place, text: str) -> int:
        """Write a note and give its id.

        Raises:
            NotAProcessNote: There are no words.
        """
        tidy, now_ms = _tidy(text), self._now_ms()

        def change(connection: Connection) -> int:
            connection.execute("INSERT INTO process_notes (text, written_at_ms) VALUES (?, ?)", (tidy, now_ms))
            (note_id,) = connection.execute("SELECT last_insert_rowid()").fetchone()
            return int(note_id)

        with self._opened(place) as database:
            return database.write(change)

    def change(self, place: Place, note_id: int, text: str) -> None:
        """Let the note say something else. What it said before is not kept.

        Raises:
            NotAProcessNote: There are no words, or no such note.
        """
        values = (_tidy(text), self._now_ms(), note_id)
        self._write(place, "UPDATE process_notes SET text = ?, changed_at_ms = ? WHERE note_id = ?", values)

    def remove(self, place: Place, note_id: int) -> None:
        """Erase the note; no page of the file and no byte of its log holds it on return.

        Raises:
            NotAProcessNote: There is no such note.
        """
        self._write(place, "DELETE FROM process_notes WHERE note_id = ?", (note_id,))

    def erase(self, client_id: str) -> bool:
        """Erase the client's place, its key first; tells whether there was one. Idempotent, also after a kill."""
        there = self.exist(client_id)
        try:
            erase_private(self._key_file(client_id))
            self._remove_files(client_id)
            if there:
                sync_folder(self._folder)
        except OSError as error:
            refusal = storage_refused(error)
        else:
            return there
        raise refusal

    def _make(self, client_id: str, process_key: bytes) -> Place:
        """The database first and then its key: one without a key is a leftover of a kill, and made anew."""
        place, database = Place(client_id, new_key()), self._database_file(client_id)
        try:
            make_private_folder(self._folder)
            self._remove_files(client_id)
            draft = database.with_name(f".{client_id}.{secrets.token_hex(4)}.new")
            Database.create(draft, place.key, _MIGRATIONS)
            draft.replace(database)
            wrapped = wrap(process_key, place.key, self._vault_id, Purpose.PROCESS_PLACE, client_id)
            write_private(self._key_file(client_id), wrapped)
        except OSError as error:
            refusal = storage_refused(error)
        else:
            return place
        raise refusal

    def _remove_files(self, client_id: str) -> None:
        database = self._database_file(client_id)
        for end in ("", "-wal", "-shm"):
            database.with_name(f"{database.name}{end}").unlink(missing_ok=True)

    def _write(self, place: Place, sql: str, values: tuple[str | int, ...]) -> None:
        with self._opened(place) as database:
            if not database.write(lambda connection: connection.execute(sql, values).rowcount):
                raise NotAProcessNote("This note is not there any more. Reload the page.")
            database.empty_log()

    @contextmanager
    def _opened(self, place: Place) -> Iterator[Database]:
        database = Database.open(self._database_file(place.client_id), place.key, _MIGRATIONS)
        try:
            yield database
        finally:
            database.close()

    def _key_file(self, client_id: str) -> Path:
        return self._named(client_id, "key")

    def _database_file(self, client_id: str) -> Path:
        return self._named(client_id, "db")

    def _named(self, client_id: str, suffix: str) -> Path:
        """Ids come from addresses, so anything but 32 hex digits is refused."""
        if len(client_id) != _CLIENT_ID_DIGITS or set(client_id) - set("0123456789abcdef"):
            raise NoSuchClient("This client is not in your vault; the entry may have been erased. Go back to the list.")
        return self._folder / f"{client_id}.{suffix}"


def _tidy(text: str) -> str:
    tidy = tidy_text(text)
    if not tidy:
        raise NotAProcessNote("There are no words to keep. Write something, and save again.")
    return tidy
