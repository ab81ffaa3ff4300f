"""Whether the certificates and keys for 802.1X can be used: read, still valid, and belonging together. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)

from tacet.config.problem import Problem
from tacet.provision.wired_file import WITH_CERTIFICATE, Setting, WiredFile

READ_ERRORS = (ValueError, TypeError, UnsupportedAlgorithm)


def check_papers(wired: WiredFile, contents: Mapping[str, bytes], now: datetime) -> tuple[Problem, ...]:
    """`contents` are the files that lie there, by name. Keys in clear."""
    problems = [problem for one in wired.files for problem in _file(one, contents, wired, now)]
    return tuple(problems or _pair(wired, contents))


def _file(one: Setting, contents: Mapping[str, bytes], wired: WiredFile, now: datetime) -> Iterator[Problem]:
    content = contents.get(one.text)
    if content is None:
        yield Problem(one.line, one.name, f"names {one.text}, which is not there.", "Put it beside this file.")
    elif one.name == "private_key":
        if _public_of_key(content, wired) is None:
            remedy = "Put a key in PEM or PKCS#12 there, and its passphrase into private_key_passwd."
            yield Problem(one.line, one.name, f"names {one.text}, which cannot be read as a key.", remedy)
    else:
        yield from _certificate(one, content, now)


def _certificate(one: Setting, content: bytes, now: datetime) -> Iterator[Problem]:
    found = _certificates(content)
    if not found:
        yield Problem(one.line, one.name, f"names {one.text}, which is no certificate.", "Put one in PEM there.")
        return
    ends = found[0].not_valid_after_utc
    if ends < now:
        said = f"names {one.text}, which was valid until {ends:%Y-%m-%d}."
        yield Problem(one.line, one.name, said, "Put a new one there.")


def _pair(wired: WiredFile, contents: Mapping[str, bytes]) -> Iterator[Problem]:
    certificate, key = wired.find("client_cert"), wired.find("private_key")
    if certificate is None or key is None:
        return
    first = _certificates(contents[certificate.text])[0]
    if _spki(first.public_key()) != _public_of_key(contents[key.text], wired):
        yield Problem(certificate.line, "client_cert", f"does not fit {key.text}.", "Put the right pair there.")


def _certificates(content: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(content)
    except READ_ERRORS:
        pass
    try:
        return [x509.load_der_x509_certificate(content)]
    except READ_ERRORS:
        return []


def _public_of_key(content: bytes, wired: WiredFile) -> bytes | None:
    """The public half; None where it cannot be read with the passphrase that is written."""
    setting = wired.find("private_key_passwd")
    passphrase = setting.text.encode() if setting else None
    named = wired.find("private_key")
    try:
        if named is not None and named.text.lower().endswith(WITH_CERTIFICATE):
            key, _, _ = pkcs12.load_key_and_certificates(content, passphrase)
        else:
            load = load_pem_private_key if b"-----BEGIN" in content else load_der_private_key
            key = load(content, passphrase)
        return None if key is None else _spki(key.public_key())
    except READ_ERRORS:
        return None


def _spki(public: object) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined,no-any-return]


def today() -> datetime:
    return datetime.now(UTC)
