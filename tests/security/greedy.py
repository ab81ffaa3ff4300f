"""A machine that does its worst against a page, from 127.0.0.2, until its standard input ends.

    python -m tests.security.greedy KIND PORT NUMBER

Started by `starving`, as a process of its own so that it takes nothing from who measures. Writes "on" once it is at it.
"""

import random
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlencode

FROM = "127.0.0.2"
SLOW, GREEDY = 20, 4  # how many at once
GIGABYTE = 1 << 30
DEAR = "a4@8({[<36a9&#!1/|0$5+7%2z" * 2  # seconds to estimate, were it not bounded
ANY_CERTIFICATE = ssl.create_default_context()
ANY_CERTIFICATE.check_hostname = False
ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE


def idle(port: int, number: int) -> None:
    """So many connections that say nothing; those that are closed are opened again."""
    kept: list[socket.socket] = []
    while True:
        kept = [one for one in kept if not _closed(one)]
        for _ in range(number - len(kept)):
            with suppress(OSError):
                kept.append(_connect(port))
                kept[-1].settimeout(0)
        time.sleep(0.2)


def slow(port: int, _: int) -> None:
    """A request's head, a letter a second."""
    with _tls(port) as one:
        one.sendall(b"GET /trust HTTP/1.1\r\nX: ")
        while True:
            one.sendall(b"x")
            time.sleep(1)


def upload(port: int, _: int) -> None:
    """One gigabyte, and again; whatever the page says."""
    head = f"Host: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nContent-Length: {GIGABYTE}\r\n\r\n"
    with _tls(port) as one:
        one.sendall(f"POST /week/calendars HTTP/1.1\r\n{head}".encode())
        for _ in range(GIGABYTE // (1 << 20)):
            one.sendall(bytes(1 << 20))


def dear(port: int, _: int) -> None:
    """What costs the box most for somebody unknown: estimates of passphrases, guesses at accounts, recovery codes."""
    asked = (
        ("/passphrase-strength", urlencode({"passphrase": DEAR})),
        ("/signin", f"person={random.randbytes(16).hex()}&passphrase=wrong"),
        ("/signin/lost-passphrase", f"person={random.randbytes(16).hex()}&code=x&passphrase=y&again=y"),
    )
    for path, form in asked:
        head = f"Host: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nContent-Length: {len(form)}\r\nConnection: close\r\n"
        head += "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        with _tls(port) as one:
            one.sendall(f"POST {path} HTTP/1.1\r\n{head}{form}".encode())
            while one.recv(1 << 16):
                pass


KINDS: dict[str, tuple[Callable[[int, int], None], int]] = {
    "idle": (idle, 1),
    "slow": (slow, SLOW),
    "upload": (upload, GREEDY),
    "dear": (dear, GREEDY),
}


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(FROM, 0))


def _tls(port: int) -> ssl.SSLSocket:
    return ANY_CERTIFICATE.wrap_socket(_connect(port))


def _closed(one: socket.socket) -> bool:
    try:
        gone = not one.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        gone = True
    if gone:
        one.close()
    return gone


def _again_and_again(attack: Callable[[int, int], None], port: int, number: int) -> None:
    while True:
        with suppress(OSError):  # refused, as it should be
            attack(port, number)
        time.sleep(0.02)


def main() -> None:
    kind, port, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for one in KINDS if kind == "all" else (kind,):
        attack, times = KINDS[one]
        for _ in range(times):
            threading.Thread(target=_again_and_again, args=(attack, port, number), daemon=True).start()
    time.sleep(2)
    print("on", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
