"""The certificate that the page is served with: the clinic's own, or one that the box's authority has signed.

The box may have no clock worth the name. So a certificate begins long before the day it was made, a clock that stands
before this program was written is never believed, and no renewal happens on such a clock.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.addresses import BoxNames, is_host_name, names_of_box
from app.authority import UNREADABLE, Authority, ensure_authority, load_chain, make_key, read_key
from app.durable import make_private_folder, write_private
from app.errors import TacetError

# Together under 825 days: Apple's systems refuse a longer life. Source: https://support.apple.com/en-us/103769
VALID_BEFORE = timedelta(days=365)
VALID_AFTER = timedelta(days=459)
RENEW_WITHIN = timedelta(days=30)
NO_CLOCK_BEFORE = datetime(2026, 11, 1, tzinfo=UTC)


CLINIC_KEY_FILE = "certificate-key.pem"  # the clinic's own, as it is put on the boot partition and kept


class CertificateFailed(TacetError):
    """Without a certificate no page is served: show the sentence and end."""


@dataclass(frozen=True, slots=True)
class Certificate:
    cert_path: Path  # the whole chain
    key_path: Path
    fingerprint: str  # SHA-256, as browsers show it: "AB:CD:..."


def ensure_certificate(
    tls_dir: Path,
    name: str,
    *,
    more: tuple[str, ...] = (),
    names: BoxNames | None = None,
    now: datetime | None = None,
) -> Certificate:
    """A certificate and key that serve the box's names; what is there already is kept if it still does.

    It is signed by the box's authority, which is made where there is none. It is made anew when it has expired or soon
    will, when it lacks a name or address that the box has by now, or when it does not fit the key: browsers that trust
    the authority notice nothing. A name that the box no longer has is no reason.

    Args:
        tls_dir: Holds `cert.pem` and `key.pem` (EC P-256, mode 0600), and the authority.
        name: The box's: its page is https://<name>.local.
        more: Further host names that the clinic has given the box.
        names: What to be valid for; what this machine has now where it is left out.
        now: The clock, UTC; this machine's where it is left out.

    Raises:
        CertificateFailed: The storage refused.
    """
    names = names or names_of_box(name)
    more = tuple(host.lower() for host in more if is_host_name(host.lower()))
    names = BoxNames(tuple(dict.fromkeys((*names.hosts, *more))), names.addresses)
    now = now or datetime.now(UTC)
    cert_path, key_path = tls_dir / "cert.pem", tls_dir / "key.pem"
    try:
        make_private_folder(tls_dir)
        must = (f"{name.lower()}.local", *more)
        authority = ensure_authority(tls_dir, name, names, must, max(now, NO_CLOCK_BEFORE))
        key = read_key(key_path) or make_key(key_path)
        certificate, names = _read_certificate(cert_path), authority.permits(names)
        if certificate is None or not _serves(certificate, key, authority, names, now):
            certificate = _make_certificate(key, authority, name, names, now)
            chain = [one.public_bytes(serialization.Encoding.PEM) for one in (certificate, authority.certificate)]
            write_private(cert_path, b"".join(chain))
    except OSError as error:
        failure = f"The box could not keep its certificate ({error.strerror}). Make room in {tls_dir} and start again."
    else:
        return Certificate(cert_path, key_path, fingerprint(certificate))
    raise CertificateFailed(failure)


def clinic_certificate(cert_path: Path, key_path: Path, now: datetime | None = None) -> Certificate:
    """The clinic's own, from two PEM files: the chain, its first certificate the box's, and the key without passphrase.

    Raises:
        CertificateFailed: One of them cannot be used; the sentence says why and what to do.
    """
    now = now or datetime.now(UTC)
    try:
        chain = load_chain(cert_path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    except OSError as error:
        failure = f"The clinic's {error.filename} cannot be read ({error.strerror}). Put certificate and key in place."
    except UNREADABLE:
        failure = (
            f"{cert_path.name} or {key_path.name} is no PEM file, is damaged, or has a passphrase. Export both without."
        )
    else:
        if chain[0].public_key() != key.public_key():
            failure = (
                f"{key_path.name} does not fit the first certificate in {cert_path.name}. Put the box's own first."
            )
        elif now >= NO_CLOCK_BEFORE and chain[0].not_valid_after_utc <= now:
            failure = (
                f"The clinic's certificate ended on {chain[0].not_valid_after_utc:%d %B %Y}. Put a newer one in place."
            )
        else:
            return Certificate(cert_path, key_path, fingerprint(chain[0]))
    raise CertificateFailed(failure)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 over the whole certificate as pairs of hex digits, for a person to compare with the browser's."""
    return certificate.fingerprint(SHA256()).hex(":").upper()


def fingerprint_groups(pairs: str) -> tuple[str, ...]:
    """A fingerprint as people compare it: eight groups of eight digits."""
    digits = pairs.replace(":", "")
    return tuple(digits[at : at + 8] for at in range(0, len(digits), 8))


def _serves(
    certificate: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    authority: Authority,
    names: BoxNames,
    now: datetime,
) -> bool:
    if certificate.public_key() != key.public_key() or not _covers(certificate, names):
        return False
    if certificate.issuer != authority.certificate.subject:
        return False
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return now < NO_CLOCK_BEFORE or begins <= now < ends - RENEW_WITHIN


def _covers(certificate: x509.Certificate, names: BoxNames) -> bool:
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    hosts = alternative.get_values_for_type(x509.DNSName)
    addresses = alternative.get_values_for_type(x509.IPAddress)
    return set(names.hosts).issubset(hosts) and set(names.addresses).issubset(addresses)


def _read_certificate(path: Path) -> x509.Certificate | None:
    """The certificate, or None where there is none that can be used."""
    try:
        return load_chain(path.read_bytes())[0]
    except (FileNotFoundError, *UNREADABLE):
        return None


def _make_certificate(
    key: ec.EllipticCurvePrivateKey,
    authority: Authority,
    name: str,
    names: BoxNames,
    now: datetime,
) -> x509.Certificate:
    believed = max(now, NO_CLOCK_BEFORE)
    alternative = [*map(x509.DNSName, names.hosts), *map(x509.IPAddress, names.addresses)]
    signing = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(believed - VALID_BEFORE, authority.certificate.not_valid_before_utc))
        .not_valid_after(believed + VALID_AFTER)
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signing), critical=False)
    )
    return builder.sign(authority.key, SHA256())
