"""Writes into a vault from a process of its own, to be killed: `vault_writer.py FOLDER WORD [edits|once]`.

`once` stores the word as a segment, an edit and a session key, says so and waits. `edits` stores edit after edit and
prints the number of each after it was acknowledged. The folder above this one has to be on the path.
"""

import sys
import threading
from itertools import count
from pathlib import Path

from support.vaults import PASSPHRASE, SESSION, draft

from app.vault.vault import Vault


def main(folder: Path, word: str, what: str) -> None:
    vault = Vault.unlock(folder, PASSPHRASE)
    if what == "once":
        draft(vault, f"machine heard {word}", "and more")
        vault.sessions.add_edit(SESSION, 1, f"edited {word}", f"author {word}")
        vault.keep_session_key(SESSION, word.encode().ljust(32, b"."))
        print("stored", flush=True)  # noqa: T201  the test waits for it
        threading.Event().wait()
    for number in count():
        vault.sessions.add_edit(SESSION, number % 2, f"{word} {number}", "Ada")
        print(number, flush=True)  # noqa: T201  acknowledged


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
