"""Erases what is due: sound some days after approval, whole sessions after their time. The rules are in app.records.

Every step is idempotent: what is killed in between is due again at the next look. A locked vault is not looked into;
what came due meanwhile goes within a minute of its unlocking.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from app.audit.chain import BOX
from app.clock import Reading, read_clock
from app.errors import TacetError
from app.records.retention import Due, Part, Reason, Rule, due_now
from app.rounds import go_round
from app.vault.errors import VaultLocked
from app.vault.vault import Vault, Vaults
from app.withdrawal import Withdrawals
from firmware.tape import AskedBy, TapeError, erase_tape

log = logging.getLogger(__name__)

LOOK_EVERY_S = 60.0


class Retention:
    """Looks after every unlocked vault. One thread calls `run`; `look` may be called by any, one at a time."""

    def __init__(
        self,
        tapes_dir: Path,
        vaults: Vaults,
        withdrawals: Withdrawals,
        practice: Rule,
        clock: Callable[[], Reading] = read_clock,
    ) -> None:
        self._tapes_dir = tapes_dir
        self._vaults = vaults
        self._withdrawals = withdrawals
        self.practice = practice
        self.clock = clock
        self._one_at_a_time = threading.Lock()

    def run(self, stopping: threading.Event) -> None:
        """Look until told to stop."""
        go_round(self._vaults, self.look, stopping, LOOK_EVERY_S, "retention")

    def look(self, vault: Vault) -> Counter[Part]:
        """Erase what is due in this vault; give what went."""
        gone: Counter[Part] = Counter()
        with self._one_at_a_time:
            reading = self.clock()
            if not reading.trusted:
                return gone
            vault.keeping.mark(reading.now_ms)
            for kept in vault.keeping.kept(self.practice):
                for due in due_now(kept, reading.now_ms, clock_trusted=reading.trusted):
                    gone[due.part] += self._erase(vault, due)
            if gone.total():
                counts = {"recordings": gone[Part.SOUND], "sessions": gone[Part.TEXT]}
                vault.keeping.certify(Reason.RETENTION, {name: count for name, count in counts.items() if count})
        return gone

    def _erase(self, vault: Vault, due: Due) -> bool:
        """Tells whether it is gone; what is not, is due again."""
        try:
            if due.part is Part.TEXT:
                self._withdrawals.withdraw(vault, due.session_id, AskedBy.RETENTION)
                vault.audit.add(BOX, "session.expired", due.session_id)
            else:
                self._erase_sound(vault, due)
                vault.audit.add(BOX, "sound.expired", due.session_id)
        except VaultLocked:
            raise
        except (TacetError, TapeError, OSError) as error:
            log.warning("session %s: not erased yet (%s)", due.session_id, type(error).__name__)
            return False
        return True

    def _erase_sound(self, vault: Vault, due: Due) -> None:
        """The keys first: without them the tape is noise, whatever happens next."""
        row = vault.sessions.get(due.session_id)
        vault.drop_session_key(due.session_id)
        erase_tape(self._tapes_dir / due.session_id)
        vault.keeping.note_sound_erased(due, row.samples if row else 0)
