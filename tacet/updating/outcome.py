"""What became of a fetched bundle: root, which installs, tells the process that fetches. Two small files of root's."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from app.durable import READABLE_FILE, write_readable


@dataclass(frozen=True, slots=True)
class Outcome:
    bundle: str  # its file's name
    problem: str | None  # why it was refused; None: it was installed


@dataclass(frozen=True, slots=True)
class OutcomeFiles:
    kept: Path = Path("/var/lib/tacet/identity/update-outcome.json")
    this_boot: Path = Path("/run/tacet-update/installed")  # gone with the next start

    def read(self) -> Outcome | None:
        try:
            told = json.loads(self.kept.read_bytes())
            return Outcome(str(told["bundle"]), None if told["problem"] is None else str(told["problem"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, outcome: Outcome) -> None:
        """Raises OSError."""
        if outcome.problem is None:
            self.this_boot.parent.mkdir(mode=0o755, exist_ok=True)
            self.this_boot.write_text(outcome.bundle, encoding="utf-8")
            self.this_boot.chmod(READABLE_FILE)
        write_readable(self.kept, json.dumps(asdict(outcome)).encode())

    def waits_for_its_start(self, bundle: str) -> bool:
        """Whether it was installed since this machine has started."""
        try:
            return self.this_boot.read_text(encoding="utf-8") == bundle
        except OSError:
            return False
