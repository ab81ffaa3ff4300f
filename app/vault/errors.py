"""What can go wrong with a vault, each with a sentence for its owner. No message holds speech or a key."""

import errno
import shutil
from pathlib import Path

from app.errors import TacetError

STORAGE_FULL = (
    "The storage is full, so this was not done; everything saved before is safe. Erase sessions you no longer need, "
    "or have whoever looks after this box make room, then try again."
)
_ROOM_BYTES = 256 * 1024  # with less than this SQLite reports a full disk as an input/output error


class VaultError(TacetError):
    """Something about a vault that its owner has to know. The base of all below."""


class InvalidName(VaultError):
    """The name cannot be used for a vault: empty, too long, unprintable or taken. Ask for another."""


class WeakPassphrase(VaultError):
    """The passphrase is too easy to guess to protect a vault. Ask for another."""


class WrongPassphrase(VaultError):
    """The passphrase does not open this vault. Ask again."""


class WrongRecoveryCode(VaultError):
    """The recovery code has a typing mistake or belongs to another vault; the message says which."""


class NoSuchVault(VaultError):
    """The box holds no vault of this id."""


class VaultLocked(VaultError):
    """The vault was locked, perhaps while something was using it. Stop, and go on after the next sign-in."""


class VaultDamaged(VaultError):
    """A file of the vault cannot be read: it is missing, was changed, or the storage is failing."""


class VaultTooNew(VaultError):
    """A newer version of Tacet has written this vault."""


class VaultFull(VaultError):
    """The storage is full. Nothing of what was stored before is lost; the change itself was not made."""


class VaultFailed(VaultError):
    """The database refused for another reason; the message holds the reason's code and nothing else."""


class NoSuchSession(VaultError):
    """The vault holds no session of this id, or no line of this number in it."""


class NoSuchNumber(VaultError):
    """A number is larger than any that is kept: nothing stands there."""


class NoSuchClient(VaultError):
    """The vault holds no client of this id."""


class ClientTaken(VaultError):
    """There is a client of this name. Ask whether it is another one."""


class NoSuchAppointment(VaultError):
    """The vault holds no such appointment (any more)."""


class NoSuchConsent(VaultError):
    """The vault holds no such person or wording."""


class NotReadyToHold(VaultError):
    """A legal hold without a reason. Ask for one."""


class LegallyHeld(VaultError):
    """A legal hold forbids to erase. It is lifted on the client's page."""


class SessionApproved(VaultError):
    """The session is approved and therefore read-only. It can be changed after the approval was taken back."""


class NotReadyForApproval(VaultError):
    """The session is still being recorded or transcribed, or an approval stands already."""


class NothingToUndo(VaultError):
    """The line stands as the machine heard it."""


class NoSuchSentence(NoSuchSession):
    """The session's note has no such sentence or section (any more)."""


class EditedMeanwhile(VaultError):
    """Somebody else's words have come to stand in the line since its author began; show both and ask."""


class HearingWorkedOn(VaultError):
    """Somebody has worked on the words that stand, so another hearing cannot take their place."""


class ApprovalMissing(VaultError):
    """No approval stands for this session, or another than the one meant."""


def storage_refused(error: OSError) -> VaultFull | VaultFailed:
    """What to tell a person when the storage refused to write. Nothing was changed."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return VaultFull(STORAGE_FULL)
    return VaultFailed(
        f"The storage refused to write ({errno.errorcode.get(error.errno or 0, 'unknown reason')}). "
        "Nothing was changed; ask whoever looks after this box to check its storage."
    )


def database_refused(code: str, folder: Path) -> VaultError:
    """What to tell a person when SQLite refused with this code in a database of this folder. Nothing was changed."""
    match code:
        case "SQLITE_FULL":
            return VaultFull(STORAGE_FULL)
        case "SQLITE_IOERR" | "SQLITE_CANTOPEN" if shutil.disk_usage(folder).free < _ROOM_BYTES:
            return VaultFull(STORAGE_FULL)
        case "SQLITE_NOTADB" | "SQLITE_CORRUPT":
            return database_damaged()
        case "SQLITE_BUSY" | "SQLITE_LOCKED":
            return VaultFailed("Another program is using this vault just now. Wait a minute and try again.")
        case _:
            return VaultFailed(
                f"The vault could not do this ({code}), and nothing was changed. Try again; if it stays so, lock the "
                "vault, sign in again, and tell whoever looks after this box."
            )


def database_damaged() -> VaultDamaged:
    return VaultDamaged(
        "The vault's database is missing or damaged, so it was not opened. Recordings are kept elsewhere and new ones "
        "can still be made; restore the vault from a backup."
    )
