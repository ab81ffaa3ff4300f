"""What a client that trusts the box's authority alone accepts, and what it refuses."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.addresses import BoxNames
from app.authority import AUTHORITY_FILE, Authority, ensure_authority, read_authority, read_key
from app.settings import AppSettings
from app.tls import Certificate, CertificateFailed, _make_certificate, clinic_certificate, ensure_certificate
from app.web.serving import certificate_for, renewed, server_config

NAMES = BoxNames(("localhost", "tacet.local"), (ip_address("127.0.0.1"), ip_address("192.168.7.20")))
NOW = datetime.now(UTC)


@pytest.fixture
def tls_dir(tmp_path: Path) -> Path:
    (tmp_path / "tls").mkdir()
    return tmp_path / "tls"


def authority_in(tls_dir: Path, names: BoxNames = NAMES, now: datetime = NOW) -> Authority:
    return ensure_authority(tls_dir, "tacet", names, ("tacet.local",), now)


async def no_page(scope: object, receive: object, send: object) -> None:
    """A page is not asked for."""


def context_of(certificate: Certificate) -> ssl.SSLContext:
    """As the page is served."""
    context = server_config(no_page, certificate).ssl
    assert context is not None
    return context


@contextmanager
def served(context: ssl.SSLContext) -> Iterator[int]:
    """Hands every client one byte, those that it cannot agree with none."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            while True:
                connection, _ = listening.accept()
                with connection:
                    if connection.recv(1, socket.MSG_PEEK) == b"q":
                        return
                    try:
                        with context.wrap_socket(connection, server_side=True) as secured:
                            secured.sendall(b"h")
                    except OSError:
                        continue

        server = threading.Thread(target=greet)
        server.start()
        try:
            yield listening.getsockname()[1]
        finally:
            with socket.create_connection(("127.0.0.1", listening.getsockname()[1])) as last:
                last.sendall(b"q")
            server.join(60)


def trusting(tls_dir: Path) -> ssl.SSLContext:
    """As strict as Python 3.13 is by default."""
    context = ssl.create_default_context(cafile=tls_dir / "authority.pem")
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def connect(port: int, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port), timeout=60)
    try:
        return context.wrap_socket(plain, server_hostname=name)
    except BaseException:
        plain.close()
        raise


def forged(tls_dir: Path, names: BoxNames) -> Certificate:
    """What a thief of the authority's key would make for these names, beside the box's own."""
    authority, key = authority_in(tls_dir), read_key(tls_dir / "key.pem")
    assert key is not None
    leaf = _make_certificate(key, authority, "thief", names, NOW)
    path = tls_dir / "forged.pem"
    path.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    return Certificate(path, tls_dir / "key.pem", "")


@pytest.mark.parametrize("name", ["tacet.local", "localhost", "127.0.0.1", "192.168.7.20"])
def test_client__trusts_the_authority_alone__accepts_each_of_the_boxs_names(tls_dir: Path, name: str) -> None:
    certificate = ensure_certificate(tls_dir, "tacet", names=NAMES)
    with served(context_of(certificate)) as port, connect(port, trusting(tls_dir), name) as secured:
        assert secured.recv(1) == b"h"
        assert secured.version() == "TLSv1.3"


@pytest.mark.parametrize(
    "names",
    [
        BoxNames(("bank.example",), ()),
        BoxNames(("other-box.local",), ()),
        BoxNames(("tacet.local", "bank.example"), ()),
        BoxNames((), (ip_address("203.0.113.9"),)),
    ],
    ids=["a bank", "another box", "a bank beside its own", "a public address"],
)
def test_client__leaf_outside_the_constraint__refuses_it(tls_dir: Path, names: BoxNames) -> None:
    ensure_certificate(tls_dir, "tacet", names=NAMES)
    name = str((*names.hosts, *names.addresses)[-1])
    with (
        served(context_of(forged(tls_dir, names))) as port,
        pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"),
    ):
        connect(port, trusting(tls_dir), name)


def test_client__leaf_within_the_constraint_signed_by_hand__accepts_it(tls_dir: Path) -> None:
    """So that the refusals above are the constraint's doing."""
    ensure_certificate(tls_dir, "tacet", names=NAMES)
    inside = forged(tls_dir, BoxNames(("tacet.local",), ()))
    with served(context_of(inside)) as port, connect(port, trusting(tls_dir), "tacet.local") as secured:
        assert secured.recv(1) == b"h"


def test_server__client_speaks_an_old_tls_or_an_old_suite__refuses(tls_dir: Path) -> None:
    certificate = ensure_certificate(tls_dir, "tacet", names=NAMES)
    context = context_of(certificate)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    offered = {one["name"] for one in context.get_ciphers()}
    assert all(one.startswith(("TLS_", "ECDHE-")) and ("GCM" in one or "CHACHA20" in one) for one in offered)
    weak = trusting(tls_dir)
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0")
    with served(context) as port, pytest.raises(OSError, match=r"(?i)handshake|reset|eof"):
        connect(port, weak, "tacet.local")


def test_authority__new__is_what_trust_stores_accept_and_no_other_use(tls_dir: Path) -> None:
    made = authority_in(tls_dir).certificate
    constraints = made.extensions.get_extension_for_class(x509.NameConstraints)
    basic = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert constraints.critical
    assert made.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    assert (tls_dir / "authority-key.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("now", [datetime(1970, 1, 1, tzinfo=UTC), NOW, NOW + timedelta(days=36500)])
def test_authority__made_by_any_clock__is_valid_today_and_in_ten_years(tls_dir: Path, now: datetime) -> None:
    made = authority_in(tls_dir, now=now).certificate
    assert made.not_valid_before_utc < NOW
    assert made.not_valid_after_utc > NOW + timedelta(days=3650)


def test_authority__again__stays_and_two_boxes_share_none(tls_dir: Path, tmp_path: Path) -> None:
    first = authority_in(tls_dir)
    assert authority_in(tls_dir, now=NOW + timedelta(days=3000)).certificate == first.certificate
    (tmp_path / "other").mkdir()
    other = authority_in(tmp_path / "other")
    assert other.certificate.subject != first.certificate.subject
    assert other.key.public_key() != first.key.public_key()


@pytest.mark.parametrize("damaged", ["authority.pem", "authority-key.pem"])
def test_authority__file_damaged__is_made_anew(tls_dir: Path, damaged: str) -> None:
    first = authority_in(tls_dir)
    (tls_dir / damaged).write_bytes(b"nonsense")
    mended = ensure_certificate(tls_dir, "tacet", names=NAMES)
    authority = read_authority(tls_dir)
    assert authority is not None
    assert authority != first.certificate
    with served(context_of(mended)) as port, connect(port, trusting(tls_dir), "tacet.local") as secured:
        assert secured.recv(1) == b"h"


def test_authority__public_address_of_the_machine__is_vouched_for_as_that_one_alone(tls_dir: Path) -> None:
    authority = authority_in(tls_dir, BoxNames(("tacet.local",), (ip_address("203.0.113.9"),)))
    both = BoxNames((), (ip_address("203.0.113.9"), ip_address("203.0.113.10")))
    assert authority.permits(both).addresses == (ip_address("203.0.113.9"),)


def settings(folder: Path, **more: Path) -> AppSettings:
    return AppSettings(data_dir=folder, run_dir=folder, **more)


def clinic_files(folder: Path) -> dict[str, Path]:
    """As another authority makes them."""
    folder.mkdir()
    made = ensure_certificate(folder, "clinic", names=NAMES)
    return {"certificate": made.cert_path, "certificate_key": made.key_path}


def test_certificate_for__clinic_has_its_own__is_served_with_that(tmp_path: Path) -> None:
    files = clinic_files(tmp_path / "clinic")
    found, problem = certificate_for(settings(tmp_path, **files))
    assert (found.cert_path, problem) == (files["certificate"], "")
    with served(context_of(found)) as port, connect(port, trusting(tmp_path / "clinic"), "localhost") as secured:
        assert secured.recv(1) == b"h"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda files: files["certificate"].unlink(), "cannot be read"),
        (lambda files: files["certificate_key"].write_text("nonsense"), "is no PEM file"),
        (lambda files: files["certificate_key"].write_bytes(clinic_key(files)), "does not fit"),
    ],
    ids=["missing", "no PEM", "another key"],
)
def test_certificate_for__clinics_own_cannot_be_used__serves_the_boxs_and_says_why(
    tmp_path: Path, spoil: object, says: str
) -> None:
    files = clinic_files(tmp_path / "clinic")
    spoil(files)  # type: ignore[operator]
    found, problem = certificate_for(settings(tmp_path, **files))
    assert found.cert_path == tmp_path / "tls/cert.pem"
    assert says in problem


def clinic_key(files: dict[str, Path]) -> bytes:
    return clinic_files(files["certificate"].parent / "again")["certificate_key"].read_bytes()


def spoil_public_key(cert_path: Path) -> None:
    """The point of its key is none of the curve any more, which the library sees only when somebody asks for it."""
    certificate = x509.load_pem_x509_certificate(cert_path.read_bytes())
    whole = certificate.public_bytes(Encoding.DER)
    point = certificate.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)  # type: ignore[call-arg,union-attr,arg-type]
    spoilt = x509.load_der_x509_certificate(whole.replace(point, point[:1] + bytes(len(point) - 1)))
    cert_path.write_bytes(spoilt.public_bytes(Encoding.PEM))


def test_clinic_certificate__key_in_it_is_damaged__is_refused_in_a_sentence(tmp_path: Path) -> None:
    files = clinic_files(tmp_path / "clinic")
    spoil_public_key(files["certificate"])
    with pytest.raises(CertificateFailed, match="is damaged"):
        clinic_certificate(files["certificate"], files["certificate_key"])


@pytest.mark.parametrize("damaged", ["cert.pem", AUTHORITY_FILE])
def test_certificate_for__key_in_the_boxs_own_is_damaged__is_made_anew(tmp_path: Path, damaged: str) -> None:
    first, _ = certificate_for(settings(tmp_path))
    before = first.cert_path.read_bytes()
    spoil_public_key(tmp_path / "tls" / damaged)
    found, problem = certificate_for(settings(tmp_path))
    assert (found.cert_path, problem) == (first.cert_path, "")
    assert found.cert_path.read_bytes() != before
    context_of(found)


def test_clinic_certificate__has_ended__says_when(tmp_path: Path) -> None:
    files = clinic_files(tmp_path / "clinic")
    with pytest.raises(CertificateFailed, match="ended on"):
        clinic_certificate(files["certificate"], files["certificate_key"], NOW + timedelta(days=5000))


def test_renewed__certificate_is_made_anew_while_the_page_is_served__later_connections_get_it(tmp_path: Path) -> None:
    first, _ = certificate_for(settings(tmp_path))
    context = context_of(first)
    with served(context) as port:
        first.cert_path.unlink()
        second = renewed(settings(tmp_path), context, first)
        with connect(port, trusting(tmp_path / "tls"), "localhost") as secured:
            shown = secured.getpeercert(binary_form=True)
    assert second.fingerprint != first.fingerprint
    assert shown == x509.load_pem_x509_certificate(second.cert_path.read_bytes()).public_bytes(
        serialization.Encoding.DER
    )
