import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.addresses import BoxNames, names_of_box
from app.tls import NO_CLOCK_BEFORE, Certificate, CertificateFailed, ensure_certificate

NAMES = BoxNames(("localhost", "tacet.local", "box"), (ip_address("127.0.0.1"), ip_address("::1")))
NOW = datetime(2027, 5, 1, 12, tzinfo=UTC)
UNSET_CLOCK = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
def tls_dir(tmp_path: Path) -> Path:
    return tmp_path / "tls"


def make(tls_dir: Path, names: BoxNames = NAMES, now: datetime = NOW) -> Certificate:
    return ensure_certificate(tls_dir, "tacet", names=names, now=now)


def read(certificate: Certificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate.cert_path.read_bytes())


def addresses_of(certificate: Certificate) -> list[object]:
    alternative = read(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return list(alternative.get_values_for_type(x509.IPAddress))


@contextmanager
def served(certificate: Certificate) -> Iterator[int]:
    """A TLS server that greets one client, and its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert_path, certificate.key_path)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            connection, _ = listening.accept()
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.sendall(b"hello")

        server = threading.Thread(target=greet)
        server.start()
        yield listening.getsockname()[1]
        server.join(10)


@pytest.mark.parametrize("name", ["localhost", "tacet.local", "box", "127.0.0.1", "::1"])
def test_ensure_certificate__client_that_trusts_it__connects_under_each_name(tls_dir: Path, name: str) -> None:
    certificate = make(tls_dir, now=datetime.now(UTC))
    trusting = ssl.create_default_context(cafile=tls_dir / "authority.pem")
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    with (
        served(certificate) as port,
        socket.create_connection(("127.0.0.1", port)) as plain,
        trusting.wrap_socket(plain, server_hostname=name) as secured,
    ):
        assert secured.recv(5) == b"hello"
        shown = secured.getpeercert(binary_form=True)
    assert shown is not None
    assert certificate.fingerprint.replace(":", "").lower() == sha256(shown).hexdigest()


def test_ensure_certificate__new__is_what_browsers_accept(tls_dir: Path) -> None:
    certificate = read(make(tls_dir))
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lifetime <= timedelta(days=825)
    assert certificate.not_valid_before_utc <= NOW - timedelta(days=180)
    assert certificate.not_valid_after_utc >= NOW + timedelta(days=365)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_ensure_certificate__new__keeps_its_key_to_itself(tls_dir: Path) -> None:
    certificate = make(tls_dir)
    assert certificate.key_path.stat().st_mode & 0o777 == 0o600
    assert tls_dir.stat().st_mode & 0o777 == 0o700
    key = serialization.load_pem_private_key(certificate.key_path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert b"PRIVATE" not in certificate.cert_path.read_bytes()


def test_ensure_certificate__two_boxes__share_no_key(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    assert one.key_path.read_bytes() != other.key_path.read_bytes()


def test_ensure_certificate__again__stays_the_same(tls_dir: Path) -> None:
    first = make(tls_dir)
    for days in (0, 1, 300, 428):
        assert make(tls_dir, now=NOW + timedelta(days=days)) == first


@pytest.mark.parametrize("days", [430, 459, 5000])
def test_ensure_certificate__expired_or_soon__is_renewed_with_the_same_key(tls_dir: Path, days: int) -> None:
    first = make(tls_dir)
    key = first.key_path.read_bytes()
    later = NOW + timedelta(days=days)
    renewed = make(tls_dir, now=later)
    assert renewed.fingerprint != first.fingerprint
    assert read(renewed).not_valid_after_utc > later + timedelta(days=365)
    assert renewed.key_path.read_bytes() == key
    assert make(tls_dir, now=later) == renewed


def test_ensure_certificate__box_has_a_new_address__is_made_for_it_by_the_same_authority(tls_dir: Path) -> None:
    first, authority = make(tls_dir), (tls_dir / "authority.pem").read_bytes()
    renewed = make(tls_dir, replace(NAMES, addresses=(*NAMES.addresses, ip_address("192.168.7.7"))))
    assert renewed.fingerprint != first.fingerprint
    assert ip_address("192.168.7.7") in addresses_of(renewed)
    assert make(tls_dir) == renewed  # a name less is no reason
    assert (tls_dir / "authority.pem").read_bytes() == authority


def test_ensure_certificate__machine_has_a_new_name__leaves_it_out_rather_than_be_trusted_anew(tls_dir: Path) -> None:
    first = make(tls_dir)
    assert make(tls_dir, replace(NAMES, hosts=(*NAMES.hosts, "practice.local"))) == first


def test_ensure_certificate__clinic_has_given_a_name__has_an_authority_that_can_vouch_for_it(tls_dir: Path) -> None:
    first, authority = make(tls_dir), (tls_dir / "authority.pem").read_bytes()
    given = ensure_certificate(tls_dir, "tacet", more=("Tacet.Clinic.example", "10.1.2.3"), names=NAMES, now=NOW)
    alternative = read(given).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "tacet.clinic.example" in alternative.get_values_for_type(x509.DNSName)
    assert given != first
    assert (tls_dir / "authority.pem").read_bytes() != authority


def test_ensure_certificate__clock_was_never_set__is_valid_for_the_years_to_come(tls_dir: Path) -> None:
    made = make(tls_dir, now=UNSET_CLOCK)
    assert read(made).not_valid_before_utc < NO_CLOCK_BEFORE < read(made).not_valid_after_utc - timedelta(days=365)
    assert make(tls_dir, now=NO_CLOCK_BEFORE + timedelta(days=60)) == made


def test_ensure_certificate__clock_falls_back__keeps_what_a_right_clock_made(tls_dir: Path) -> None:
    made = make(tls_dir)
    assert make(tls_dir, now=UNSET_CLOCK) == made


def test_ensure_certificate__made_by_a_clock_far_ahead__is_replaced_once_it_is_right(tls_dir: Path) -> None:
    ahead = make(tls_dir, now=NOW + timedelta(days=20_000))
    mended = make(tls_dir)
    assert mended.fingerprint != ahead.fingerprint
    assert read(mended).not_valid_before_utc < NOW


@pytest.mark.parametrize("damaged", ["cert.pem", "key.pem"])
@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_ensure_certificate__file_damaged__is_mended(tls_dir: Path, damaged: str, content: bytes) -> None:
    first = make(tls_dir)
    (tls_dir / damaged).write_bytes(content)
    mended = make(tls_dir)
    assert mended.fingerprint != first.fingerprint
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(mended.cert_path, mended.key_path)


def test_ensure_certificate__killed_between_key_and_certificate__is_mended(tls_dir: Path, tmp_path: Path) -> None:
    first = make(tls_dir)
    other = make(tmp_path / "other")
    first.key_path.write_bytes(other.key_path.read_bytes())
    mended = make(tls_dir)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(mended.cert_path, mended.key_path)


def test_ensure_certificate__folder_cannot_be_made__says_so(tmp_path: Path) -> None:
    (tmp_path / "tls").write_text("in the way")
    with pytest.raises(CertificateFailed, match="could not keep its certificate"):
        make(tmp_path / "tls")


def test_ensure_certificate__longest_name__fits(tls_dir: Path) -> None:
    assert ensure_certificate(tls_dir, "x" * 63, now=NOW).fingerprint


def test_names_of_box__this_machine__has_its_names_and_loopback() -> None:
    names = names_of_box("tacet")
    assert names.hosts[:2] == ("localhost", "tacet.local")
    assert {ip_address("127.0.0.1"), ip_address("::1")} <= set(names.addresses)
    assert not any(address.is_link_local for address in names.addresses)
    assert len(set(names.hosts)) == len(names.hosts)
    assert len(set(names.addresses)) == len(names.addresses)


def test_names_of_box__kernels_list__takes_lasting_addresses_alone(tmp_path: Path) -> None:
    listed = tmp_path / "if_inet6"
    listed.write_text(
        "00000000000000000000000000000001 01 80 10 80       lo\n"
        "20010db8000000000000000000000001 02 40 00 80     eth0\n"
        "20010db8000000000000000000000002 02 40 00 01     eth0\n"  # temporary
        "20010db8000000000000000000000003 02 40 00 a0     eth0\n"  # deprecated
        "20010db8000000000000000000000004 02 40 00 c0     eth0\n"  # tentative
        "fe800000000000000000000000000001 02 40 20 80     eth0\n"
    )
    found = {address for address in names_of_box("tacet", listed).addresses if address.version == 6}
    assert found == {ip_address("::1"), ip_address("2001:db8::1")}


def test_names_of_box__no_ipv6__has_loopback_and_ipv4(tmp_path: Path) -> None:
    found = {address for address in names_of_box("tacet", tmp_path / "none").addresses if address.version == 6}
    assert found == {ip_address("::1")}


@pytest.mark.parametrize(
    ("machine", "hosts"),
    [
        ("Box", ("localhost", "tacet.local", "box", "box.local")),
        ("tacet", ("localhost", "tacet.local", "tacet")),
        ("tacet.local", ("localhost", "tacet.local")),
        ("not_a_name", ("localhost", "tacet.local")),
        ("", ("localhost", "tacet.local")),
    ],
)
def test_names_of_box__host_name__stands_in_it_when_it_can(
    monkeypatch: pytest.MonkeyPatch, machine: str, hosts: tuple[str, ...]
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: machine)
    assert names_of_box("tacet").hosts == hosts
