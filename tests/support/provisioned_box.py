"""A box's folders as provisioning finds them, and what the running system was told."""

from dataclasses import dataclass, field
from pathlib import Path

from tacet.provision.provision import Places, Provisioned, provision

FOLDERS = ("boot", "identity", "effective", "network", "etc", "invited", "ports")


@dataclass
class ProvisionedBox:
    root: Path
    commands: list[list[str]] = field(default_factory=list)

    @property
    def places(self) -> Places:
        made = {name: self.root / name for name in FOLDERS}
        for folder in ("boot", "identity", "etc"):
            made[folder].mkdir(exist_ok=True)
        return Places(**made)

    def starts_with(self, text: str | None) -> Provisioned:
        """With this tacet.toml, or with the one that lies there."""
        places = self.places
        if text is not None:
            (places.boot / "tacet.toml").write_text(text)
        return provision(places, self.commands.append)
