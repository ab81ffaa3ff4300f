"""The box's page as somebody on the clinic's network sees it: over TLS, trusting what the box offers on port 80."""

import http.client
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from image.machine import Machine, MachineError

TRIED_EVERY_S: Final = 0.5
ANSWERS_WITHIN_S: Final = 60.0  # an emulated processor signs slowly


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page answered, and how long after power-on."""

    status: int
    text: str
    after_s: float
    work_s: float  # of that, what the emulation computed: the measure on a machine that is shared


def wait_for_page(machine: Machine, path: str = "/", within_s: float | None = None) -> Seen:
    """Ask until the page answers over TLS, whoever vouches for it; follows redirects, as a browser does."""
    deadline = machine.started_s + (within_s or machine.hardware.page_within_s)
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    while True:
        if not machine.running():
            raise MachineError(f"QEMU ended. The console: {machine.last_words()}")
        try:
            return fetch(machine, trusting, "localhost", path)
        except (OSError, http.client.HTTPException):
            if time.monotonic() > deadline:
                raise MachineError(f"The page did not come. The console: {machine.last_words()}") from None
            time.sleep(TRIED_EVERY_S)


def fetch(machine: Machine, trust: ssl.SSLContext, name: str, path: str) -> Seen:
    """Get a page under the box's name. Raises OSError (ssl.SSLError is one) where it is not to be had."""
    for _ in range(4):
        with _over_tls(machine.page_port, trust, name) as connection:
            connection.request("GET", path, headers={"Host": f"{name}:{machine.page_port}"})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            if answer.status not in {302, 303, 307}:
                return Seen(answer.status, text, time.monotonic() - machine.started_s, machine.worked_s())
            path = answer.getheader("Location") or "/"
    raise MachineError("The page leads in circles.")


def offered_trust(machine: Machine, name: str) -> ssl.SSLContext:
    """Trust in the box's own authority alone, whose certificate it offers without TLS."""
    connection = http.client.HTTPConnection("127.0.0.1", machine.offer_port, timeout=ANSWERS_WITHIN_S)
    try:
        connection.request("GET", f"/{name}.crt", headers={"Host": f"{name}.local"})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise MachineError(f"The box does not offer its certificate: {answer.status}")
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(cadata=content.decode() if content.startswith(b"-----") else content)
    return trust


def title(text: str) -> str:
    found = re.search(r"<title>(.*?)</title>", text, re.DOTALL)
    return " ".join(found[1].split()) if found else ""


@contextmanager
def _over_tls(port: int, trust: ssl.SSLContext, name: str) -> Iterator[http.client.HTTPConnection]:
    """A connection to the forwarded port that expects the certificate of `name`."""
    connection = http.client.HTTPConnection(name, timeout=ANSWERS_WITHIN_S)
    plain = socket.create_connection(("127.0.0.1", port), ANSWERS_WITHIN_S)
    try:
        connection.sock = trust.wrap_socket(plain, server_hostname=name)
        yield connection
    finally:
        connection.close()
        plain.close()
