"""What the checks share: the image, a room's sound, boxes flashed from it, and one of them that goes on running."""

import wave
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from image.bundles import Signer
from image.disks import flashed, test_disk
from image.hardware import Hardware
from image.machine import Machine
from image.moments import Moment, keep
from image.page import Seen, wait_for_page

DEMO: Final = Path(__file__).parents[2] / "build/demo-session.wav"
ROOM_S: Final = 24  # of the demo session; then it begins anew
NAME: Final = "tacet-lab"
SERVER_KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Q0m3GJm2yDfQkq0d3c9l1rQqVn0YkXzVd0wL8sC3c"  # nobody's
# A box whose button, light and microphone are simulated; everything else is the image's own. It names the one server
# that answers (see Machine) and a name server, so that the firewall has a door that only a backup may take.
TACET_TOML: Final = f"""\
[box]
name = "{NAME}"
room = "Room 3"
time_zone = "Europe/Berlin"

[recorder]
panel = "simulated"
microphone = "file"
audio_file = "/opt/room.wav"
at_end = "loop"
min_free_hours = 0.1
block_timeout_ms = 20000

[network]
dns = ["10.0.2.3"]

[backup]
to = "/media/stick"
sftp = "backup@10.0.2.100:443/tacet"
sftp_host_key = "{SERVER_KEY}"
"""

Progress = Callable[[str], None]


@dataclass(slots=True)
class Lab:
    """One folder for one run; `close` takes the power from whatever still runs.

    Two threads may use it at once, each with boxes of its own names.
    """

    image: Path
    bundle: Path
    folder: Path
    hardware: Hardware
    signer: Signer
    _boxes: dict[str, Machine] = field(default_factory=dict)
    _first_seen: dict[str, Seen] = field(default_factory=dict)
    _moments: dict[str, Moment] = field(default_factory=dict)

    def box(
        self,
        name: str,
        tacet_toml: str = TACET_TOML,
        beside: Callable[[], Iterable[Path]] = tuple,
        parts: Sequence[str] = (),
    ) -> Machine:
        """A box that has started; flashed from the image when this name is asked for first.

        `beside` gives files that are plugged in with the test's own, `parts` is what else the machine has.
        """
        machine = self._boxes.get(name)
        if machine is None:
            disk = flashed(self.image, self.folder / f"{name}.img", tacet_toml)
            plugged_in = self._plugged_in(name, beside())
            machine = self._boxes[name] = Machine(self.hardware, disk, self.folder / name, plugged_in, parts)
        if not machine.running():
            machine.start()
            self._first_seen.setdefault(name, wait_for_page(machine))
            machine.wait_for_agent(600)
        return machine

    def moment(self, name: str, prepare: Callable[[Machine], None]) -> tuple[Machine, Moment]:
        """A box, and the moment at which `prepare` was done with it; whoever asks again gets the same one."""
        box = self._boxes.get(name) or self.box(name)
        if name not in self._moments:
            prepare(self.box(name))
            self._moments[name] = keep(box)
        return box, self._moments[name]

    def rest(self, name: str) -> None:
        """Take the power from a box that nobody asks anything for now: each takes a processor."""
        if name in self._boxes:
            self._boxes[name].cut()

    def first_seen(self, name: str) -> Seen:
        """What the page answered when this box was started for the first time."""
        return self._first_seen[name]

    def close(self) -> None:
        for machine in self._boxes.values():
            machine.cut()

    def _plugged_in(self, name: str, beside: Iterable[Path]) -> Path:
        room = self.folder / f"{name}-plugged-in/room.wav"
        room.parent.mkdir()
        cut_sound(DEMO, room, ROOM_S)
        return test_disk(self.folder / f"{name}-test.squashfs", [room, *beside])


def cut_sound(source: Path, to: Path, seconds: int) -> None:
    with wave.open(str(source)) as whole, wave.open(str(to), "wb") as part:
        part.setparams(whole.getparams())
        part.writeframes(whole.readframes(seconds * whole.getframerate()))
