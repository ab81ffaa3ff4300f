"""Erasing sessions, and ends of sessions, from a vault, and what is kept of it: receipts."""

from app.domain import ErasedEnd, Receipt
from app.vault import erased_rows, receipt_rows
from app.vault.database import Connection, Database
from app.vault.search import purge
from app.vault.worked_out import Shelf


class ErasureStore:
    """What was erased from one unlocked vault. Thread-safe; every change is durable on return, or did not happen."""

    def __init__(self, database: Database, shelf: Shelf) -> None:
        self._database = database
        self._shelf = shelf

    def erase_end(self, session_id: str, end: ErasedEnd, from_sample: int) -> bool:
        """Delete what was heard in a part that was erased from the tape; tells whether it was news. Idempotent.

        On return no page of the database and no byte of its log holds what was deleted.

        Raises:
            SessionApproved: An approval stands.
            VaultFailed: The log is still being read; call again.
        """

        def change(connection: Connection) -> bool:
            news = erased_rows.erase_end(connection, session_id, end, from_sample)
            if news:
                purge(connection)
            return news

        news = self._database.write(change)
        self._shelf.forget(session_id)
        self._database.empty_log()
        return news

    def ends(self, session_id: str) -> list[ErasedEnd]:
        """What was erased while the session was being recorded, oldest first."""
        return self._database.read(lambda connection: erased_rows.read_erased_ends(connection, session_id))

    def erase(self, receipt: Receipt) -> Receipt:
        """Delete all of a session and keep the receipt; `Vault.erase` drops the key first. Idempotent.

        On return no page of the database and no byte of its log holds what was deleted.

        Raises:
            VaultFailed: The log is still being read; call again.
        """

        def change(connection: Connection) -> Receipt:
            kept = receipt_rows.erase_session(connection, receipt)
            purge(connection)
            return kept

        kept = self._database.write(change)
        self._shelf.forget(receipt.session_id)
        self._database.empty_log()
        return kept

    def receipt(self, session_id: str) -> Receipt | None:
        return self._database.read(lambda connection: receipt_rows.find_receipt(connection, session_id))

    def receipts(self) -> list[Receipt]:
        """Of all withdrawn sessions, newest first."""
        return self._database.read(receipt_rows.all_receipts)
