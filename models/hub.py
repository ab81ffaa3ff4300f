"""The upstream hub as a source of models, through its own client, in a process of its own.

The client reads its settings once, when it is imported, and by itself it reports usage, sends a stored token and
retries an unreachable hub for 23 s. In a process of its own all of that is settled from outside, and a stuck download
can be ended.
"""

import os
import socket
import sys
import threading
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from models.child import run_watched
from models.errors import NoRoom, SourceFailed
from models.manifest import Model, ModelFile
from models.room import is_full, require_room
from models.staging import RESUMABLE
from models.verify import Progress

HUB = "https://huggingface.co"
KNOCK_S = 3.0
STALL_S = 600.0  # its client writes 10 MB at a time, and gives a dead connection up by itself much sooner

_EXIT_FAILED = 3
_EXIT_FULL = 4


@dataclass(frozen=True)
class HubSource:
    """Fetches the pinned revision from the hub, or from the endpoint that HF_ENDPOINT names."""

    endpoint: str = field(default_factory=lambda: os.environ.get("HF_ENDPOINT") or HUB)
    knock_s: float = KNOCK_S

    @property
    def label(self) -> str:
        return f"the model hub {urlsplit(self.endpoint).hostname}"

    @property
    def remedy(self) -> str:
        return "Run this again; if it stays so, bring the model on a USB stick (--from)."

    def bring(
        self, model: Model, wanted: Sequence[ModelFile], scratch: Path, progress: Progress
    ) -> Generator[tuple[ModelFile, Path], None, None]:
        if model.mirror is not None and model.mirror.conversion:
            raise SourceFailed(f"{self._name} does not carry {model.name} in the form that a box runs.")
        if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0"):
            raise SourceFailed(f"{self._name} is not asked, because HF_HUB_OFFLINE is set.")
        if not self._answers():
            raise SourceFailed(f"{self._name} cannot be reached from here.")
        total_bytes = sum(file.size_bytes for file in wanted)
        require_room(scratch, total_bytes, f"the speech model {model.name}")
        folder = scratch / RESUMABLE
        folder.mkdir(exist_ok=True)
        pinned = [f"{file.name}={file.size_bytes}" for file in wanted]
        with progress(f"Downloading {model.name} from {self.label}", total_bytes) as advance:
            try:
                ended = run_watched(
                    [sys.executable, "-P", "-m", "models.hub", model.repo, model.revision, *pinned],
                    environment=self._environment(scratch),
                    folder=folder,
                    log=scratch / "hub.log",
                    stall_s=STALL_S,
                    advance=advance,
                )
            except SourceFailed as error:
                raise SourceFailed(f"{self._name} {error}.") from error
        if ended.exit_code == _EXIT_FULL:
            raise NoRoom(f"The disk of {scratch} filled up while {model.name} was being downloaded. Make room.")
        if ended.exit_code != 0:
            why = ended.said.strip().rpartition("\n")[2] if ended.exit_code == _EXIT_FAILED else "broke off"
            raise SourceFailed(f"{self._name} did not deliver {model.repo} at revision {model.revision[:8]}: {why}.")
        for file in wanted:
            yield file, folder / file.name

    @property
    def _name(self) -> str:
        return self.label[0].upper() + self.label[1:]

    def _answers(self) -> bool:
        """Whether the hub accepts a connection; in a thread, for a name server may keep us waiting much longer."""
        parts = urlsplit(self.endpoint)
        if parts.scheme in urllib.request.getproxies():
            return True  # only the proxy can tell
        answered = threading.Event()

        def knock() -> None:
            address = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
            with suppress(OSError), socket.create_connection(address, timeout=self.knock_s):
                answered.set()

        thread = threading.Thread(target=knock, name="hub-knock", daemon=True)
        thread.start()
        thread.join(self.knock_s)
        return answered.is_set()

    def _environment(self, scratch: Path) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        return kept | {
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(scratch / "hub-home"),  # no token is found there, and nothing stays in the home folder
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "DO_NOT_TRACK": "1",
            "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_XET": "1",  # plain HTTPS: resumable, and no second copy in a chunk cache
            "HF_HUB_ETAG_TIMEOUT": "5",
            "HF_HUB_DOWNLOAD_TIMEOUT": "15",
        }


def main(arguments: Sequence[str]) -> int:
    """In the process of its own: REPO REVISION NAME=BYTES... into the working folder. Says why not."""
    threading.Thread(target=_end_with_parent, name="hub-parent", daemon=True).start()
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415  reads the environment at import

    repo, revision, *files = arguments
    try:
        for name, _, size in (file.rpartition("=") for file in files):
            _download(repo, revision, Path(name), int(size))
    except HfHubHTTPError as error:
        return _say(f"it answered with HTTP status {error.response.status_code}")
    except OSError as error:
        return _EXIT_FULL if is_full(error) else _say("the connection broke off")
    except Exception as error:  # noqa: BLE001  whatever a library raises becomes one sentence for a person
        return _say(f"the connection broke off ({type(error).__name__})")
    return 0


def _download(repo: str, revision: str, path: Path, size_bytes: int) -> None:
    """Download one file, from where a killed run left off. Its `hf_hub_download` would begin again each time."""
    from huggingface_hub import hf_hub_url  # noqa: PLC0415  reads the environment at import
    from huggingface_hub.file_download import http_get  # noqa: PLC0415

    part = path.with_name(f"{path.name}.part")
    with part.open("ab") as file:
        if file.tell() > size_bytes:
            file.seek(0)
            file.truncate()
        url = hf_hub_url(repo, path.name, revision=revision)
        http_get(url, file, resume_size=file.tell(), expected_size=size_bytes)
    part.replace(path)


def _end_with_parent() -> None:
    """Return never: the pipe from the parent ends when the parent is gone, and so do we, and our lock with us."""
    sys.stdin.read()
    os._exit(_EXIT_FAILED)


def _say(why: str) -> int:
    sys.stdout.write(f"\n{why}\n")
    return _EXIT_FAILED


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
