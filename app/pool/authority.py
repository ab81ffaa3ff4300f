"""The clinic's authority: who is a member of the pool, and who no longer is.

Its folder stands on the machine of the scheduler and is root's alone; no service reads it. It is loaded while somebody
at that machine invites or revokes.

authority.pem, authority-key.pem   the authority
members.json                       every certificate it has given out: serial, name, role
revoked.pem                        its list of those that are no longer good
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.authority import key_pem, signs_certificates
from app.durable import make_private_folder, write_private
from app.pool.errors import PoolError, PoolRefused
from app.pool.membership import AUTHORITY_FILE, MEMBER_FILE, REVOKED_FILE, Role

AUTHORITY_KEY_FILE = "authority-key.pem"
MEMBERS_FILE = "members.json"
BEGINS = datetime(2025, 1, 1, tzinfo=UTC)  # before any box was made: a box may have no clock worth the name
LASTS = timedelta(days=20 * 365)


@dataclass(frozen=True, slots=True)
class Member:
    serial: int
    name: str
    role: Role
    revoked: bool = False


class PoolAuthority:
    def __init__(self, folder: Path) -> None:
        """Read what `create` has made.

        Raises:
            PoolError: There is none, or it cannot be read.
        """
        self.folder = folder
        try:
            self.certificate = x509.load_pem_x509_certificate((folder / AUTHORITY_FILE).read_bytes())
            key = serialization.load_pem_private_key((folder / AUTHORITY_KEY_FILE).read_bytes(), password=None)
            self._members = [
                Member(**one | {"role": Role(one["role"])}) for one in json.loads((folder / MEMBERS_FILE).read_text())
            ]
        except (OSError, ValueError) as error:
            raise PoolError(
                f"There is no pool's authority in {folder} that can be read. Run `tacet pool init` as root first."
            ) from error
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key

    @classmethod
    def create(cls, folder: Path, pool: str) -> "PoolAuthority":
        """Make the authority of a new pool.

        Raises:
            PoolError: There is one already: every member trusts it.
        """
        if (folder / AUTHORITY_KEY_FILE).exists():
            raise PoolError(f"{folder} holds a pool's authority already. Nothing was changed.")
        make_private_folder(folder)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _self_signed(key, pool)
        write_private(folder / AUTHORITY_FILE, certificate.public_bytes(serialization.Encoding.PEM))
        write_private(folder / MEMBERS_FILE, b"[]")
        write_private(folder / AUTHORITY_KEY_FILE, key_pem(key))
        authority = cls(folder)
        authority._write_revoked()
        return authority

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self) -> bytes:
        return self.certificate.fingerprint(SHA256())

    @property
    def revoked_pem(self) -> bytes:
        return (self.folder / REVOKED_FILE).read_bytes()

    @property
    def members(self) -> Sequence[Member]:
        return tuple(self._members)

    def files_for(self, public: ec.EllipticCurvePublicKey, name: str, role: Role) -> dict[str, bytes]:
        """All that a new member keeps of the pool besides its own key, by the names of its files.

        Raises:
            PoolRefused: A member of that name is still in.
        """
        certificate = self.sign(public, name, role)
        return {AUTHORITY_FILE: self.pem, MEMBER_FILE: certificate, REVOKED_FILE: self.revoked_pem}

    def refuse_taken(self, name: str) -> None:
        """Raise PoolRefused where a member of that name is still in."""
        if any(one.name == name and not one.revoked for one in self._members):
            raise PoolRefused(f"{name} is a member already. Revoke it first, or choose another name.")

    def sign(self, public: ec.EllipticCurvePublicKey, name: str, role: Role) -> bytes:
        """A certificate for a new member, as PEM, entered before it is given.

        Raises:
            PoolRefused: A member of that name is still in.
        """
        self.refuse_taken(name)
        serial = x509.random_serial_number()
        subject = x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        )
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(public)
            .serial_number(serial)
            .not_valid_before(BEGINS)
            .not_valid_after(BEGINS + LASTS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, SHA256())
        )
        self._members.append(Member(serial, name, role))
        self._write_members()
        return certificate.public_bytes(serialization.Encoding.PEM)

    def revoke(self, name: str) -> None:
        """Enter a member into the list of those that are no longer good.

        Raises:
            PoolError: There is no such member.
        """
        if not any(one.name == name and not one.revoked for one in self._members):
            known = ", ".join(one.name for one in self._members if not one.revoked)
            raise PoolError(f"There is no member called {name}. Members are: {known}.")
        self._members = [
            Member(one.serial, one.name, one.role, revoked=one.revoked or one.name == name) for one in self._members
        ]
        self._write_members()
        self._write_revoked()

    def _write_members(self) -> None:
        write_private(self.folder / MEMBERS_FILE, json.dumps([asdict(one) for one in self._members]).encode())

    def _write_revoked(self) -> None:
        gone = [one for one in self._members if one.revoked]
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(BEGINS)
            .next_update(BEGINS + LASTS)
            .add_extension(x509.CRLNumber(len(gone) + 1), critical=False)
        )
        for one in gone:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(one.serial).revocation_date(BEGINS).build()
            )
        found = builder.sign(self._key, SHA256())
        write_private(self.folder / REVOKED_FILE, found.public_bytes(serialization.Encoding.PEM))


def _self_signed(key: ec.EllipticCurvePrivateKey, pool: str) -> x509.Certificate:
    public = key.public_key()
    identity = x509.SubjectKeyIdentifier.from_public_key(public)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Tacet pool {pool} {identity.digest.hex()[:8]}")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINS)
        .not_valid_after(BEGINS + LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs_certificates(), critical=True)
        .add_extension(identity, critical=False)
        .sign(key, SHA256())
    )
