"""What a service must not be able to do, tried from inside its confinement. Prints `refused (why)` or `DONE`."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

BOX = Path("/var/lib/tacet")
OUTSIDE = ("10.0.2.100", 443)  # answers; see Machine


def sound() -> None:
    """The microphone."""
    (card, *_) = Path("/dev/snd").glob("pcmC*D*c")
    os.close(os.open(card, os.O_RDWR | os.O_NONBLOCK))


def pins() -> None:
    (chip, *_) = Path("/dev").glob("gpiochip*")
    chip.open("rb").close()


def disk() -> None:
    """The raw disk, below every file's permissions."""
    Path("/dev/vda").open("rb").close()


def connect_out() -> None:
    with socket.socket() as to_the_network:
        to_the_network.settimeout(20)
        to_the_network.connect(OUTSIDE)


def send_out() -> None:
    """One datagram, as for a name server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to_the_network:
        to_the_network.sendto(b"x", ("10.0.2.3", 53))


def listen() -> None:
    """A door of its own into the network."""
    with socket.socket() as door:
        door.bind(("0.0.0.0", 8080))  # noqa: S104  that is what is tried
        door.listen()


def vaults() -> None:
    list((BOX / "vaults").iterdir())


def box_record() -> None:
    list((BOX / "box").iterdir())


def certificate() -> None:
    list((BOX / "tls").iterdir())


def tapes() -> None:
    list((BOX / "tapes").iterdir())


def recorders_files() -> None:
    list((BOX / "recorder").iterdir())


def boot() -> None:
    """The partition that starts the box."""
    list(Path("/boot/tacet").iterdir())


def write_elsewhere() -> None:
    """Any folder that is not the service's own; /tmp of its own is none that anybody else sees."""
    for folder in ("/", "/etc", "/usr", "/run", "/dev/shm", "/var/lib", "/var/log", "/home", "/data", "/var/lib/tacet"):
        probe = Path(folder, f"probe-{os.getpid()}")
        try:
            probe.write_text("x")
        except OSError:
            continue
        probe.unlink()
        return
    raise PermissionError("nowhere")


def write_memory() -> None:
    """Memory that is written and then run."""
    import ctypes  # noqa: PLC0415  the others need none
    import mmap  # noqa: PLC0415  same

    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mprotect(ctypes.c_void_p(address), mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC):
        raise PermissionError(ctypes.get_errno(), "mprotect")


def other_processes() -> None:
    """Whether somebody else's process can be seen at all."""
    if not Path("/proc/1/comm").exists():
        raise PermissionError("hidden")


def stop_another() -> None:
    os.kill(1, signal.SIGCONT)


def become_root() -> None:
    os.setuid(0)
    os.setgroups([0])


def set_the_clock() -> None:
    import time  # noqa: PLC0415  same

    time.clock_settime(time.CLOCK_REALTIME, time.time())


PROBES: dict[str, Callable[[], None]] = {
    probe.__name__: probe
    for probe in (
        sound,
        pins,
        disk,
        connect_out,
        send_out,
        listen,
        vaults,
        box_record,
        certificate,
        tapes,
        recorders_files,
        boot,
        write_elsewhere,
        write_memory,
        other_processes,
        stop_another,
        become_root,
        set_the_clock,
    )
}


def tried(name: str) -> str:
    try:
        PROBES[name]()
    except (OSError, ValueError) as error:
        return f"refused ({type(error).__name__})"
    return "DONE"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, tried(name), flush=True)
