"""Carries a folder of backups to the clinic's own server over SFTP, with OpenSSH's own program.

The server's key is pinned: a server that shows another one gets nothing. The box has a key of its own for this, made
at the first use; its public half stands in backup/carry-key.pub and has to be allowed on the server.
"""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from app.durable import make_private_folder, write_private
from tacet.backup.repository import BackupFailed
from tacet.backup.target import sftp_target
from tacet.config.sections import BackupSection

KEY_FILE = "carry-key"
_KNOWN_HOSTS = "known-hosts"
_OBJECT = re.compile(r"[0-9a-f]{64}")
_SNAPSHOT = re.compile(r"\d{8}T\d{6}Z(-\d+)?\.json")
ANSWERS_WITHIN_S = 24 * 3600


class Carrier:
    """Makes the server's folder hold what the local one holds: contents first, then snapshots, then what is too old."""

    def __init__(self, section: BackupSection, data_dir: Path) -> None:
        target = sftp_target(section.sftp)
        self._folder = target.folder
        self._keys = data_dir / "backup"
        host, port = target.host, str(target.port)
        self._known = f"{host if port == '22' else f'[{host}]:{port}'} {section.sftp_host_key}\n"
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(self._keys / _KNOWN_HOSTS),
            "GlobalKnownHostsFile": "/dev/null",
            "IdentitiesOnly": "yes",
            "ConnectTimeout": "30",
            "ServerAliveInterval": "30",
        }
        said = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        self._command = ["sftp", "-q", "-F", "none", "-b", "-", "-i", str(self._keys / KEY_FILE), "-P", port, *said]
        self._command.append(f"{target.user}@{host}")

    def carry(self, repository: Path) -> None:
        """Called by the writer of the repository.

        Raises:
            BackupFailed: The server refused, or is not to be reached. What lies there can still be restored.
        """
        self._make_ready()
        objects = {path.name: path for path in repository.glob("objects/*/*") if _OBJECT.fullmatch(path.name)}
        snapshots = {path.name: path for path in repository.glob("snapshots/*.json") if _SNAPSHOT.fullmatch(path.name)}
        self._ask(_folders(self._folder))
        listed = self._ask([f"-ls -1 {_quoted(self._folder)}/objects/*/*", f"-ls -1 {_quoted(self._folder)}/snapshots"])
        there = {Path(line.strip()).name for line in listed.splitlines()}
        lines = [*self._missing(objects, there, "objects/{}/{}"), *self._missing(snapshots, there, "snapshots/{1}")]
        lines += [
            self._removal("snapshots/{1}", name)
            for name in there
            if _SNAPSHOT.fullmatch(name) and name not in snapshots
        ]
        lines += [
            self._removal("objects/{}/{}", name) for name in there if _OBJECT.fullmatch(name) and name not in objects
        ]
        self._ask(lines)

    def _missing(self, wanted: dict[str, Path], there: set[str], place: str) -> Iterable[str]:
        """Each appears under its name in one step, so that a broken line leaves nothing half."""
        for name, path in wanted.items():
            if name not in there:
                target = _quoted(f"{self._folder}/{place.format(name[:2], name)}")
                draft = _quoted(f"{self._folder}/.draft")
                yield f"put {_quoted(str(path))} {draft}"
                yield f"-rm {target}"
                yield f"rename {draft} {target}"

    def _removal(self, place: str, name: str) -> str:
        return f"rm {_quoted(f'{self._folder}/{place.format(name[:2], name)}')}"

    def _make_ready(self) -> None:
        make_private_folder(self._keys)
        write_private(self._keys / _KNOWN_HOSTS, self._known.encode())
        key = self._keys / KEY_FILE
        if not key.exists():
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tacet backup", "-f", str(key)]
            self._run(words, "")

    def _ask(self, lines: Iterable[str]) -> str:
        asked = list(lines)
        return self._run(self._command, "".join(f"{line}\n" for line in asked)) if asked else ""

    def _run(self, words: list[str], asked: str) -> str:
        try:
            done = subprocess.run(
                words, input=asked, capture_output=True, text=True, check=False, timeout=ANSWERS_WITHIN_S
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            problem = f"{words[0]} could not be run ({type(error).__name__})."
        else:
            if done.returncode == 0:
                return done.stdout
            said = (done.stderr.strip().splitlines() or ["nothing was said"])[-1][:200]
            problem = f"The backup lies here, and could not be carried to the server: {said}."
        raise BackupFailed(f"{problem} See docs/clinic-it.md, Backups.")


def _folders(folder: str) -> list[str]:
    return [f"-mkdir {_quoted(place)}" for place in _places(folder)]


def _places(folder: str) -> list[str]:
    pairs = [f"{number:02x}" for number in range(256)]
    return [folder, f"{folder}/snapshots", f"{folder}/objects", *(f"{folder}/objects/{pair}" for pair in pairs)]


def _quoted(path: str) -> str:
    """As sftp reads it. A path with a line break would be two commands, and is refused by the configuration."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
