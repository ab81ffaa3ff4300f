"""How a machine becomes a member: with a code that is given out once, and holds for a few minutes.

The port is open only while somebody at the scheduler's machine waits for this one newcomer. The newcomer's key never
leaves it.

A question and its answer are one JSON head each, framed as for the asr process:
    {"ask": "authority"}                       -> {"authority": PEM}    over TLS without knowing with whom
    {"ask": "join", "secret": S, "request": PEM} -> {"files": {...}, "place": {...}} or {"refused": sentence}
"""

import socket
import ssl
import time
from contextlib import closing, suppress
from dataclasses import asdict
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from app.asr.protocol import receive_frame, send_frame
from app.authority import key_pem
from app.pool.authority import PoolAuthority
from app.pool.code import HALF_BYTES, Code
from app.pool.errors import PoolAway, PoolRefused
from app.pool.membership import (
    AUTHORITY_FILE,
    KEY_FILE,
    MEMBER_FILE,
    REVOKED_FILE,
    Membership,
    Place,
    Role,
    peer_of,
)
from app.pool.ports import JOIN_PORT

HOLDS_S = 15 * 60
ANSWERS_WITHIN_S = 20.0
MOST_WRONG = 20  # codes; then somebody is guessing, and the invitation is over


class Invitation:
    """One newcomer's way in; it ends with the first that redeems it."""

    def __init__(
        self, authority: PoolAuthority, scheduler: Membership, name: str, role: Role, address: tuple[str, int]
    ) -> None:
        """Open the port and make the code.

        Raises:
            PoolAway: The port cannot be had.
        """
        self.code = Code.new(authority.fingerprint)
        self._authority = authority
        self._place = scheduler.place()
        self._name, self._role = name, role
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_3
        self._context.load_cert_chain(scheduler.folder / MEMBER_FILE, scheduler.folder / KEY_FILE)
        try:
            self._listener = socket.create_server(address)
        except OSError as error:
            raise PoolAway(
                f"Port {address[1]} cannot be opened ({error.strerror}). Is another invitation waiting?"
            ) from error
        self.port: int = self._listener.getsockname()[1]

    def close(self) -> None:
        self._listener.close()

    def end(self) -> None:
        """Let `wait` come back at once, from another thread."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)

    def wait(self, holds_s: float = HOLDS_S) -> None:
        """Return once the newcomer is a member; the port is closed then, however it ends.

        Raises:
            PoolAway: Nobody came in time.
            PoolRefused: Somebody was guessing.
        """
        with closing(self):
            self._wait(holds_s)

    def _wait(self, holds_s: float) -> None:
        until, wrong = time.monotonic() + holds_s, 0
        while (left := until - time.monotonic()) > 0:
            self._listener.settimeout(left)
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                break
            with connection, suppress(OSError, ValueError, KeyError):
                connection.settimeout(ANSWERS_WITHIN_S)
                with self._context.wrap_socket(connection, server_side=True) as stranger:
                    admitted = self._answer(stranger)
                    if admitted:
                        return
                    wrong += admitted is False
            if wrong >= MOST_WRONG:
                raise PoolRefused(f"{wrong} wrong codes came in: somebody is guessing. Nobody was let in.")
        raise PoolAway(f"Nobody came in time. Run `tacet pool invite {self._name}` again.")

    def _answer(self, stranger: ssl.SSLSocket) -> bool | None:
        """Answer one question: True once the newcomer is in, False for a wrong code."""
        asked, _ = receive_frame(stranger)
        if asked["ask"] == "authority":
            send_frame(stranger, {"authority": self._authority.pem.decode()})
            return None
        if not compare_digest(sha256(bytes.fromhex(asked["secret"])).digest(), sha256(self.code.secret).digest()):
            send_frame(stranger, {"refused": "The code is not right, or was for another machine. Type it again."})
            return False
        request = x509.load_pem_x509_csr(asked["request"].encode())
        public = request.public_key()
        if not request.is_signature_valid or not isinstance(public, ec.EllipticCurvePublicKey):
            send_frame(stranger, {"refused": "The request for a certificate is damaged. Try again."})
            return False
        files = self._authority.files_for(public, self._name, self._role)
        said = {name: content.decode() for name, content in files.items()}
        send_frame(stranger, {"files": said, "place": asdict(self._place)})
        return True


def join(folder: Path, host: str, code: Code, port: int = JOIN_PORT) -> Place:
    """Redeem a code and become a member. What was there before stands until all of the new is there.

    Raises:
        PoolAway: Nobody waits for a newcomer there.
        PoolRefused: The pool is another one than the code's, or does not take it.
    """
    try:
        authority = _authority_at(host, port, code)
        return _redeemed(folder, host, port, code, authority)
    except (OSError, ValueError, KeyError) as error:
        raise PoolAway(
            f"Nobody at {host} port {port} waits for this machine. Run `tacet pool invite` there first."
        ) from error


def _authority_at(host: str, port: int, code: Code) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # whoever it is, what it sends is compared with the code
    with (
        socket.create_connection((host, port), ANSWERS_WITHIN_S) as plain,
        context.wrap_socket(plain) as connection,
    ):
        send_frame(connection, {"ask": "authority"})
        said, _ = receive_frame(connection)
    pem = str(said["authority"])
    if x509.load_pem_x509_certificate(pem.encode()).fingerprint(SHA256())[:HALF_BYTES] != code.authority:
        raise PoolRefused(f"{host} is not the pool that the code is for. Nothing was sent; compare host and code.")
    return pem


def _redeemed(folder: Path, host: str, port: int, code: Code, authority: str) -> Place:
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, SHA256())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=authority)
    with (
        socket.create_connection((host, port), ANSWERS_WITHIN_S) as plain,
        context.wrap_socket(plain) as connection,
    ):
        if peer_of(connection.getpeercert() or {}).role is not Role.SCHEDULER:
            raise PoolRefused(f"{host} is not the pool's scheduler. Compare host and code.")
        asked = {
            "ask": "join",
            "secret": code.secret.hex(),
            "request": request.public_bytes(serialization.Encoding.PEM).decode(),
        }
        send_frame(connection, asked)
        said, _ = receive_frame(connection)
    if "refused" in said:
        raise PoolRefused(str(said["refused"]))
    files = {name: str(said["files"][name]).encode() for name in (AUTHORITY_FILE, MEMBER_FILE, REVOKED_FILE)}
    place = Place(**said["place"] | {"host": host})
    Membership(folder).keep({KEY_FILE: key_pem(key), **files}, place)
    return place
