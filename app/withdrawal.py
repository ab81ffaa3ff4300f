"""A client takes the consent back: nothing of the session may be left, on its tape or in the vault.

The order is always the same: a durable note, the keys, the sound, the words, the receipt; and only then goes the note.
Whatever is killed in between, the note is found at the next round and all of it is done again: each part is idempotent.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from app.domain import Receipt
from app.errors import TacetError
from app.vault.errors import LegallyHeld, NoSuchSession, VaultLocked
from app.vault.sessions import wall_clock_ms
from app.vault.vault import Vault, Vaults
from firmware.tape import (
    AskedBy,
    TapeError,
    Withdrawal,
    forget_withdrawal,
    is_being_written,
    list_withdrawals,
    note_withdrawal,
    withdraw_tape,
)

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5  # for what was withdrawn at the box, and for what could not be finished


class WithdrawalUnfinished(TacetError):
    """Not all is gone yet. It goes on by itself; look for the receipt."""


class StillRecording(TacetError):
    """The recorder has the tape under its pen: ask the recorder to withdraw it."""


class Withdrawals:
    """Erases withdrawn sessions of every unlocked vault. One thread calls `run`, any thread the rest."""

    def __init__(self, tapes_dir: Path, vaults: Vaults, on_change: Callable[[], None]) -> None:
        self._tapes_dir = tapes_dir
        self._vaults = vaults
        self._on_change = on_change
        self._one_at_a_time = threading.Lock()

    def run(self, stopping: threading.Event) -> None:
        """Look until told to stop."""
        while not stopping.wait(LOOK_EVERY_S):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  it must go on, and a traceback could hold keys
                log.error("withdrawal failed (%s); trying again", type(error).__name__)  # noqa: TRY400  same

    def look(self) -> None:
        """Finish every withdrawal that was noted and whose vault is unlocked."""
        for vault in self._vaults.unlocked():
            for withdrawal in list_withdrawals(self._tapes_dir):
                if withdrawal.key_id == vault.account.key_id:
                    self._finish_if_possible(vault, withdrawal)

    def withdraw(self, vault: Vault, session_id: str, asked_by: AskedBy = AskedBy.PAGE) -> Receipt:
        """Erase a session of this vault, and give the receipt.

        Raises:
            NoSuchSession: It is not there, perhaps not any more.
            StillRecording: The recorder has to be asked.
            WithdrawalUnfinished: It is begun and goes on by itself.
            LegallyHeld: A legal hold lies on its client; nothing was done.
            VaultLocked: Nothing was done.
        """
        known = vault.erasures.receipt(session_id)
        if known is not None:
            return known
        row = vault.sessions.get(session_id)
        if row is None:
            raise NoSuchSession("This session is not in your vault; it may have been erased. Go back to the list.")
        if vault.keeping.is_session_held(session_id):
            raise LegallyHeld(
                "A legal hold lies on this session's client, so nothing was erased. Lift it on the client's page first."
            )
        if is_being_written(self._tapes_dir / session_id):
            raise StillRecording("This session is still going on. Withdraw it with the button on the box.")
        withdrawal = Withdrawal(
            session_id=session_id,
            key_id=vault.account.key_id,
            asked_by=asked_by,
            asked_at_ms=wall_clock_ms(),
            clock_trusted=True,
            samples=row.samples,
            sample_rate_hz=row.head.sample_rate_hz,
        )
        note_withdrawal(self._tapes_dir, withdrawal)
        return self._finish(vault, withdrawal)

    def _finish_if_possible(self, vault: Vault, withdrawal: Withdrawal) -> None:
        try:
            self._finish(vault, withdrawal)
        except VaultLocked:
            return
        except TacetError as error:
            log.warning("session %s: not all erased yet (%s)", withdrawal.session_id, type(error).__name__)

    def _finish(self, vault: Vault, withdrawal: Withdrawal) -> Receipt:
        with self._one_at_a_time:
            try:
                vault.drop_session_key(withdrawal.session_id)
                if withdrawal.erased_at_ms is None or (self._tapes_dir / withdrawal.session_id).exists():
                    withdrawal = withdraw_tape(self._tapes_dir, withdrawal, wall_clock_ms)
                receipt = vault.erase(_receipt(withdrawal))
                forget_withdrawal(self._tapes_dir, withdrawal.session_id)
            except (TapeError, OSError) as error:
                raise WithdrawalUnfinished(
                    "Not all of the session could be erased yet. The box goes on by itself; come back for the receipt."
                ) from error
        self._on_change()
        return receipt


def _receipt(withdrawal: Withdrawal) -> Receipt:
    return Receipt(
        session_id=withdrawal.session_id,
        asked_by=withdrawal.asked_by,
        asked_at_ms=withdrawal.asked_at_ms,
        clock_trusted=withdrawal.clock_trusted,
        erased_at_ms=withdrawal.erased_at_ms or wall_clock_ms(),
        samples=withdrawal.samples,
        sample_rate_hz=withdrawal.sample_rate_hz,
    )
