"""The box's own certificate authority: what a browser is asked to trust, once, and what it can vouch for.

It is born at the first start and never leaves the box. Whoever steals its key, and finds somebody who trusts it, can
vouch for this box's names and for private addresses with it, and for nothing else: name constraints (RFC 5280,
4.2.1.10) say so in the certificate that people install. It began long ago and lasts, so no clock makes it invalid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.addresses import Address, BoxNames
from app.durable import write_private

AUTHORITY_FILE = "authority.pem"
AUTHORITY_KEY_FILE = "authority-key.pem"
BEGINS = datetime(2025, 1, 1, tzinfo=UTC)  # before any box was made, so that no box makes one that is not valid yet
LASTS = timedelta(days=20 * 365)
PRIVATE_NETWORKS: tuple[IPv4Network | IPv6Network, ...] = tuple(
    map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"))
)
_NAME_SHOWN = 40  # letters, so that the whole common name keeps to its 64


# What reading somebody's certificate may end with.
UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def permits(self, names: BoxNames) -> BoxNames:
        """Those of the names and addresses that it can vouch for."""
        constraints = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        allowed = constraints.permitted_subtrees or ()
        suffixes = [one.value for one in allowed if isinstance(one, x509.DNSName)]
        networks = [ip_network(str(one.value)) for one in allowed if isinstance(one, x509.IPAddress)]
        hosts = tuple(host for host in names.hosts if any(_is_below(host, suffix) for suffix in suffixes))
        return BoxNames(hosts, tuple(one for one in names.addresses if any(_is_in(one, net) for net in networks)))


def ensure_authority(tls_dir: Path, name: str, names: BoxNames, must: Sequence[str], now: datetime) -> Authority:
    """The authority that is there, or a new one where there is none that can vouch for what the box has to be called.

    A new one has to be trusted anew in every browser, so an address or a machine's name that came later is no reason.

    Args:
        tls_dir: Holds both files; the key with mode 0600.
        name: The box's own.
        names: What a new one is made for, besides private addresses.
        must: Host names without which it is of no use.
        now: The clock, UTC, believed as far as it can be.

    Raises:
        OSError: The storage refused.
    """
    found = _read(tls_dir)
    if found is not None and set(must) <= set(found.permits(BoxNames(tuple(must), ())).hosts):
        return found
    return _make(tls_dir, name, names, now)


def read_authority(tls_dir: Path) -> x509.Certificate | None:
    """What browsers are asked to trust; None where the box makes none of its own, or not yet."""
    try:
        return load_chain((tls_dir / AUTHORITY_FILE).read_bytes())[0]
    except (OSError, *UNREADABLE):
        return None


def load_chain(content: bytes) -> list[x509.Certificate]:
    """Certificates in PEM, at least one, of which the first was looked through: the library reads the rest when asked.

    Raises:
        UNREADABLE: any of these.
    """
    chain = x509.load_pem_x509_certificates(content)
    _ = chain[0].public_key(), chain[0].extensions, chain[0].subject, chain[0].issuer
    return chain


def read_key(path: Path) -> ec.EllipticCurvePrivateKey | None:
    """The key, or None where there is none that can be used."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def make_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    write_private(path, key_pem(key))
    return key


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """For a file that is kept by its mode alone."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())


def _read(tls_dir: Path) -> Authority | None:
    certificate, key = read_authority(tls_dir), read_key(tls_dir / AUTHORITY_KEY_FILE)
    if certificate is None or key is None or certificate.public_key() != key.public_key():
        return None
    try:
        certificate.extensions.get_extension_for_class(x509.NameConstraints)
    except x509.ExtensionNotFound:
        return None
    return Authority(certificate, key)


def _make(tls_dir: Path, name: str, names: BoxNames, now: datetime) -> Authority:
    key = make_key(tls_dir / AUTHORITY_KEY_FILE)
    public = key.public_key()
    identity = x509.SubjectKeyIdentifier.from_public_key(public)
    # A name of its own for each key: trust stores tell authorities apart by it.
    called = f"Tacet {name[:_NAME_SHOWN]} {identity.digest.hex()[:8]}"
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINS)
        .not_valid_after(max(now, BEGINS) + LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs_certificates(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(_permitted(names), None), critical=True)
        .add_extension(identity, critical=False)
        .sign(key, SHA256())
    )
    write_private(tls_dir / AUTHORITY_FILE, certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(certificate, key)


def _permitted(names: BoxNames) -> list[x509.GeneralName]:
    public = [ip_network(one) for one in names.addresses if not any(_is_in(one, net) for net in PRIVATE_NETWORKS)]
    return [*map(x509.DNSName, names.hosts), *map(x509.IPAddress, [*PRIVATE_NETWORKS, *public])]


def signs_certificates() -> x509.KeyUsage:
    """What an authority's key is for, and nothing else: certificates and lists of those that are revoked."""
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _is_below(host: str, suffix: str) -> bool:
    return host == suffix or host.endswith(f".{suffix}")


def _is_in(address: Address, network: IPv4Network | IPv6Network) -> bool:
    return address.version == network.version and address in network
