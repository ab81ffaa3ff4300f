"""A box that is worth a backup: one therapist, one session with its tape, the box's own record."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.vaults import PASSPHRASE, SESSION
from support.web_sessions import add_session, plain

from app.box.invitations import Invitations
from app.box.record import BoxRecord
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault, Vaults
from firmware.tape import read_head


@contextmanager
def box(data: Path) -> Iterator[Vault]:
    """A box with one therapist, one session with its tape, and a file of each kind."""
    vaults = Vaults(data / "vaults", cost=CHEAP_COST)
    vault, _ = vaults.create("Dr. Ada Example", PASSPHRASE)
    add_session(vault, data / "tapes", plain("One", "Two", "Three"), session_id=SESSION, started_at_ms=1)
    vault.keep_session_key(SESSION, vault.open_tape_key(read_head(data / "tapes" / SESSION)))
    vault.audit.add("box", "session.opened", SESSION)
    record = BoxRecord.open(data / "box")
    Invitations(data / "box").first_code()
    (data / "tls").mkdir()
    (data / "tls/key.pem").write_text("the old box's own")
    try:
        yield vault
    finally:
        vaults.lock_all()
        record.close()
