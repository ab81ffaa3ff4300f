"""Going round the unlocked vaults, again and again: what the index and the periods of keeping have in common."""

import logging
import threading
from collections.abc import Callable

from app.vault.errors import VaultLocked
from app.vault.vault import Vault, Vaults

log = logging.getLogger(__name__)


def go_round(
    vaults: Vaults, look: Callable[[Vault], object], stopping: threading.Event, every_s: float, what: str
) -> None:
    """Look into every unlocked vault until told to stop. What fails is told by its kind and tried at the next round.

    A vault that is locked meanwhile is passed by. Blocks; each caller has a thread of its own.
    """
    while not stopping.wait(every_s):
        for vault in vaults.unlocked():
            try:
                look(vault)
            except VaultLocked:
                continue
            except Exception as error:  # noqa: BLE001  it must go on, and a traceback could hold speech
                log.error("%s failed (%s); trying again", what, type(error).__name__)  # noqa: TRY400  same
