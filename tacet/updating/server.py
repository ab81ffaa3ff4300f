"""Asks one server for files below one address, over HTTP or HTTPS, and takes nothing but what it asked for."""

import hashlib
import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from urllib.parse import urlsplit

from app.errors import TacetError

PATIENCE_S = 30.0
CHUNK_BYTES = 1 << 18
_PORTS = {"http": 80, "https": 443}


class ServerFailed(TacetError):
    """The server does not answer as it should; it is asked again later."""


class UpdateServer:
    """One thread. Redirects are not followed, and nobody outside private networks is asked."""

    def __init__(self, address: str, certificate_sha256: str = "") -> None:
        """`certificate_sha256` in hex pins the server's own certificate; without it the system's authorities decide."""
        parts = urlsplit(address)
        assert parts.hostname is not None, "the settings see to it"
        self._scheme, self._host = parts.scheme, parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._folder = parts.path.rstrip("/")
        self._pin = certificate_sha256.replace(":", "").lower()

    def read(self, name: str, most_bytes: int) -> bytes:
        """A small file, whole. Raises ServerFailed."""
        with self._answer(name) as answer:
            content = next(self._chunks(answer, most_bytes + 1), b"")
        if answer.status != http.HTTPStatus.OK:
            raise self._says(name, answer.status)
        if len(content) > most_bytes:
            raise ServerFailed(f"{name} on the update server is too large to be what it should be.")
        return content

    @contextmanager
    def open(self, name: str, from_byte: int) -> Iterator[tuple[int, Iterator[bytes]]]:
        """A large file: at which byte the server begins (0, or `from_byte`), and what comes from there on.

        Raises:
            ServerFailed: Also while it is read.
        """
        headers = {"Range": f"bytes={from_byte}-"} if from_byte else {}
        with self._answer(name, headers) as answer:
            if answer.status == http.HTTPStatus.PARTIAL_CONTENT:
                span = answer.headers.get("Content-Range", "")
                if not span.startswith(f"bytes {from_byte}-"):
                    raise ServerFailed("The update server sent another part of the bundle than it was asked for.")
                yield from_byte, self._chunks(answer)
            elif answer.status == http.HTTPStatus.OK:
                yield 0, self._chunks(answer)
            else:
                raise self._says(name, answer.status)

    def _chunks(self, answer: http.client.HTTPResponse, most_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
        while True:
            try:
                chunk = answer.read(most_bytes)
            except (OSError, http.client.HTTPException) as error:
                raise self._lost(error) from error
            if not chunk:
                return
            yield chunk

    @contextmanager
    def _answer(self, name: str, headers: dict[str, str] | None = None) -> Iterator[http.client.HTTPResponse]:
        connection = self._connect()
        try:
            try:
                connection.request("GET", f"{self._folder}/{name}", headers=headers or {})
                answer = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise self._lost(error) from error
            with answer:
                yield answer
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        """An open connection to a checked address, so that nothing is resolved twice."""
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            private = [one for one in found if ip_address(str(one[4][0]).partition("%")[0]).is_private]
            if not private:
                raise ServerFailed(f"{self._host} is not on the clinic's own network, so it is not asked for updates.")
            address = str(private[0][4][0])
            connection = http.client.HTTPConnection(self._host, self._port, timeout=PATIENCE_S)
            plain = socket.create_connection((address, self._port), PATIENCE_S)
            try:
                connection.sock = self._secured(plain) if self._scheme == "https" else plain
            except BaseException:
                plain.close()
                raise
        except OSError as error:
            raise self._lost(error) from error
        return connection

    def _secured(self, plain: socket.socket) -> ssl.SSLSocket:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._pin:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE  # the pin says which one it is
        secured = context.wrap_socket(plain, server_hostname=self._host)
        certificate = secured.getpeercert(binary_form=True) or b""
        if self._pin and hashlib.sha256(certificate).hexdigest() != self._pin:
            secured.close()
            raise ServerFailed(
                "The update server shows another certificate than the one that tacet.toml names, so it is not asked. "
                "If it was renewed, write its new fingerprint into certificate_sha256."
            )
        return secured

    def _lost(self, error: Exception) -> ServerFailed:
        if isinstance(error, ssl.SSLCertVerificationError):
            return ServerFailed(
                f"The certificate of the update server {self._host} is not trusted ({error.verify_message}). Write its "
                "fingerprint into certificate_sha256 of [update]."
            )
        why = getattr(error, "strerror", None) or type(error).__name__
        return ServerFailed(f"The update server {self._host} does not answer ({why}). The box asks again later.")

    def _says(self, name: str, status: int) -> ServerFailed:
        return ServerFailed(f"The update server {self._host} has no {name} (it says {status}). Copy it there.")
