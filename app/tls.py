"""The certificate that the box makes for itself at its first start, and renews. Self-signed: browsers ask once.

The box may have no clock worth the name. So a certificate begins long before the day it was made, a clock that stands
before this program was written is never believed, and no renewal happens on such a clock.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.addresses import BoxNames, names_of_box
from app.durable import make_private_folder, write_private
from app.errors import TacetError

# Together under 825 days: Apple's systems refuse a longer life. Source: https://support.apple.com/en-us/103769
VALID_BEFORE = timedelta(days=365)
VALID_AFTER = timedelta(days=459)
RENEW_WITHIN = timedelta(days=30)
NO_CLOCK_BEFORE = datetime(2026, 11, 1, tzinfo=UTC)


class CertificateFailed(TacetError):
    """Without a certificate no page is served: show the sentence and end."""


@dataclass(frozen=True, slots=True)
class Certificate:
    cert_path: Path
    key_path: Path
    fingerprint: str  # SHA-256, as browsers show it: "AB:CD:..."


def ensure_certificate(
    tls_dir: Path, name: str, *, names: BoxNames | None = None, now: datetime | None = None
) -> Certificate:
    """A certificate and key that serve the box's names; what is there already is kept if it still does.

    It is made anew when it has expired or soon will, when it lacks a name or address that the box has by now, or when
    it does not fit the key. A name that the box no longer has is no reason: every new certificate has to be accepted
    in every browser again.

    Args:
        tls_dir: Holds `cert.pem` and `key.pem` (EC P-256, mode 0600).
        name: The box's: its page is https://<name>.local.
        names: What to be valid for; what this machine has now where it is left out.
        now: The clock, UTC; this machine's where it is left out.

    Raises:
        CertificateFailed: The storage refused.
    """
    names = names or names_of_box(name)
    now = now or datetime.now(UTC)
    cert_path, key_path = tls_dir / "cert.pem", tls_dir / "key.pem"
    try:
        make_private_folder(tls_dir)
        key = _read_key(key_path) or _make_key(key_path)
        certificate = _read_certificate(cert_path)
        if certificate is None or not _serves(certificate, key, names, now):
            certificate = _make_certificate(cert_path, key, name, names, now)
    except OSError as error:
        failure = f"The box could not keep its certificate ({error.strerror}). Make room in {tls_dir} and start again."
    else:
        return Certificate(cert_path, key_path, fingerprint(certificate))
    raise CertificateFailed(failure)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 over the whole certificate as pairs of hex digits, for a person to compare with the browser's."""
    return certificate.fingerprint(SHA256()).hex(":").upper()


def _serves(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, names: BoxNames, now: datetime) -> bool:
    if certificate.public_key() != key.public_key() or not _covers(certificate, names):
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


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey | None:
    """The key, or None where there is none that can be used."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _read_certificate(path: Path) -> x509.Certificate | None:
    """The certificate, or None where there is none that can be used."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _make_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    write_private(path, key.private_bytes(encoding, form, serialization.NoEncryption()))
    return key


def _make_certificate(
    path: Path, key: ec.EllipticCurvePrivateKey, name: str, names: BoxNames, now: datetime
) -> x509.Certificate:
    believed = max(now, NO_CLOCK_BEFORE)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    alternative = [*map(x509.DNSName, names.hosts), *map(x509.IPAddress, names.addresses)]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(believed - VALID_BEFORE)
        .not_valid_after(believed + VALID_AFTER)
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    certificate = builder.sign(key, SHA256())
    write_private(path, certificate.public_bytes(serialization.Encoding.PEM))
    return certificate
