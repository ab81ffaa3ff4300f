import re
from pathlib import Path

from app.durable import erase_private, make_private_folder, write_private
from app.vault.errors import NoSuchSession, VaultDamaged, storage_refused
from app.vault.keys import NotOpened, Purpose, unwrap, wrap

_SESSION_ID = re.compile(r"[0-9a-f]{32}")


class SessionKeys:
    """The keys of a vault's tapes, one file each, wrapped under the vault key.

    They stand outside the database because a file can be overwritten and removed by itself: without its key a tape
    is noise, whatever an old page of a database may still hold. Thread-safe for different sessions.
    """

    def __init__(self, folder: Path, vault_id: str) -> None:
        self._folder = folder
        self._vault_id = vault_id

    def get(self, vault_key: bytes, session_id: str) -> bytes | None:
        """The session's key in clear; None where none is kept.

        Raises:
            VaultDamaged: There is a file, and it is not the key that was kept.
            NoSuchSession: This cannot be a session's id.
        """
        try:
            wrapped = self._file(session_id).read_bytes()
            return unwrap(vault_key, wrapped, self._vault_id, Purpose.SESSION, session_id)
        except FileNotFoundError:
            return None
        except (OSError, NotOpened):
            pass
        raise VaultDamaged(
            f"The key of recording {session_id[:8]} cannot be read, so it cannot be played. The transcript is not "
            "affected; restore the vault's keys from a backup."
        )

    def keep(self, vault_key: bytes, session_id: str, key: bytes) -> None:
        """Keep the key, durably; one that was kept before is replaced.

        Raises:
            VaultFull, VaultFailed: The storage refused; what was kept before stands.
            NoSuchSession: This cannot be a session's id.
        """
        file = self._file(session_id)
        wrapped = wrap(vault_key, key, self._vault_id, Purpose.SESSION, session_id)
        try:
            make_private_folder(self._folder)
            write_private(file, wrapped)
        except OSError as error:
            refusal = storage_refused(error)
        else:
            return
        raise refusal

    def drop(self, session_id: str) -> None:
        """Overwrite and remove the key. Idempotent.

        Raises:
            VaultFailed: The storage refused; call again, the key may still be there.
            NoSuchSession: This cannot be a session's id.
        """
        try:
            erase_private(self._file(session_id))
        except OSError as error:
            refusal = storage_refused(error)
        else:
            return
        raise refusal

    def _file(self, session_id: str) -> Path:
        if not _SESSION_ID.fullmatch(session_id):
            raise NoSuchSession("This session is not in your vault; it may have been erased. Go back to the list.")
        return self._folder / f"{session_id}.key"
