"""What makes a machine a member of a pool: the files in one folder.

authority.pem    the clinic's authority: whom to trust
member.pem       this machine's certificate; its organisational unit is the role, its common name the member's name
member-key.pem   its key, mode 0600, made here; it never leaves
revoked.pem      the authority's list of certificates that are no longer good
pool.json        where the pool is
"""

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from app.durable import make_private_folder, write_private
from app.pool.errors import PoolError
from app.pool.ports import DOOR_PORT, SCHEDULER_PORT

AUTHORITY_FILE = "authority.pem"
MEMBER_FILE = "member.pem"
KEY_FILE = "member-key.pem"
REVOKED_FILE = "revoked.pem"
POOL_FILE = "pool.json"


class Role(StrEnum):
    """What a certificate lets its owner do."""

    SCHEDULER = "scheduler"  # takes what boxes ask, and hands it out
    WORKER = "worker"  # hears
    BOX = "box"  # asks


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pool is."""

    pool: str  # its name
    host: str
    door_port: int = DOOR_PORT
    scheduler_port: int = SCHEDULER_PORT


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, as its certificate says."""

    name: str
    role: Role
    serial: int


@dataclass(frozen=True, slots=True)
class Membership:
    folder: Path
    host: str = ""  # where the pool is now; else where it was joined

    @property
    def joined(self) -> bool:
        return (self.folder / POOL_FILE).exists()

    def place(self) -> Place:
        """Where the pool is.

        Raises:
            PoolError: This machine is not a member.
        """
        try:
            kept = json.loads((self.folder / POOL_FILE).read_text())
            return Place(**kept | ({"host": self.host} if self.host else {}))
        except FileNotFoundError:
            failure = f"{self.folder} is no member of a pool. Run `tacet pool join` (or `tacet pool init`) first."
        except (OSError, ValueError, TypeError):
            failure = f"{self.folder / POOL_FILE} cannot be read. Run `tacet pool join` again."
        raise PoolError(failure)

    def name(self) -> str:
        certificate = x509.load_pem_x509_certificate((self.folder / MEMBER_FILE).read_bytes())
        return str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)

    def keep(self, files: Mapping[str, bytes], place: Place) -> None:
        """Put the files in place, the one that says so last; they belong to whom the folder belongs."""
        make_private_folder(self.folder)
        for name, content in {**files, POOL_FILE: json.dumps(asdict(place)).encode()}.items():
            keep(self.folder / name, content)


def keep(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 that belongs to whom its folder belongs."""
    write_private(path, content)
    owner = path.parent.stat()
    if os.geteuid() == 0 and owner.st_uid:
        os.chown(path, owner.st_uid, owner.st_gid)


class RevokedList:
    """The authority's list in a file, looked at anew whenever the file changed. Thread-safe.

    A list that is missing, damaged or not the authority's lets nobody in: every question about it raises PoolError.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / REVOKED_FILE
        self._authority_path = folder / AUTHORITY_FILE
        self._seen: tuple[int, ...] = ()
        self._serials = frozenset[int]()
        self._number = 0
        self._turn = threading.Lock()

    def serials(self) -> frozenset[int]:
        with self._turn:
            self._look()
            return self._serials

    def pem(self) -> str:
        """The list itself, for others to keep."""
        self.serials()
        return self._path.read_text()

    def take(self, pem: str) -> bool:
        """Keep a newer list that somebody sent; give whether it was one. One of another authority is passed over."""
        try:
            found = _signed_list(pem.encode(), self._authority_path)
            self.serials()
        except PoolError:
            return False
        if _number(found) <= self._number:
            return False
        keep(self._path, pem.encode())
        return True

    def _look(self) -> None:
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen == self._seen:
                return
            found = _signed_list(self._path.read_bytes(), self._authority_path)
        except OSError as error:
            raise PoolError(f"The list of revoked certificates {self._path} cannot be read. Join again.") from error
        self._serials, self._number = frozenset(one.serial_number for one in found), _number(found)
        self._seen = seen


def _number(found: x509.CertificateRevocationList) -> int:
    return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _signed_list(pem: bytes, authority_path: Path) -> x509.CertificateRevocationList:
    try:
        found = x509.load_pem_x509_crl(pem)
        authority = x509.load_pem_x509_certificate(authority_path.read_bytes())
        public, algorithm = authority.public_key(), found.signature_hash_algorithm
        if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(algorithm, SHA256):
            raise PoolError("The list of revoked certificates is signed in an unknown way. Join again.")
        public.verify(found.signature, found.tbs_certlist_bytes, ec.ECDSA(algorithm))
        _number(found)
    except (ValueError, InvalidSignature, x509.ExtensionNotFound) as error:
        raise PoolError("The list of revoked certificates is not the authority's. Join again.") from error
    return found


def peer_of(certificate: Mapping[str, Any]) -> Peer:
    """Who a certificate names, of what `ssl` says of one that it has verified.

    Raises:
        PoolError: It names no role.
    """
    said = {name: value for part in certificate.get("subject", ()) for name, value in part}
    try:
        role = Role(said["organizationalUnitName"])
        return Peer(said["commonName"], role, int(certificate["serialNumber"], 16))
    except (KeyError, ValueError) as error:
        raise PoolError("a certificate without a role in this pool") from error
