"""What a service must not be able to do, tried from inside its confinement. Prints `refused` or `DONE`."""

import socket
import sys
from collections.abc import Callable
from pathlib import Path


def sound() -> None:
    cards = list(Path("/dev/snd").iterdir())
    Path(cards[0]).open("rb").close()


def pins() -> None:
    for chip in Path("/dev").glob("gpiochip*"):
        chip.open("rb").close()
        return
    raise FileNotFoundError("no pins in sight")


def connect_out() -> None:
    with socket.socket() as to_the_network:
        to_the_network.settimeout(5)
        to_the_network.connect(("10.0.2.2", 22))


def vaults() -> None:
    list(Path("/var/lib/tacet/vaults").iterdir())


def certificate() -> None:
    list(Path("/var/lib/tacet/tls").iterdir())


def tapes() -> None:
    list(Path("/var/lib/tacet/tapes").iterdir())


def write() -> None:
    for folder in ("/tmp", "/var/tmp", "/run", "/dev/shm", "/var/lib", "/home", "/"):  # noqa: S108  they are what is tried
        try:
            Path(folder, "probe").write_text("x")
        except OSError:
            continue
        return
    raise PermissionError("nowhere")


PROBES: dict[str, Callable[[], None]] = {
    probe.__name__: probe for probe in (sound, pins, connect_out, vaults, certificate, tapes, write)
}

if __name__ == "__main__":
    try:
        PROBES[sys.argv[1]]()
    except ConnectionRefusedError:
        print("DONE: the other side answered")
    except (OSError, IndexError) as error:
        print(f"refused ({type(error).__name__})")
    else:
        print("DONE")
