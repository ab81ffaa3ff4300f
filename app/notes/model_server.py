"""One question to an OpenAI-compatible server (llama.cpp's, Ollama), bounded in time and memory.

The standard library's client on purpose: it follows no redirect and knows no proxy, so what is sent goes to the
checked address or nowhere. Handles speech in clear; none of it reaches an error or a log.
"""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.errors import TacetError
from app.notes.model_address import ModelAddress, check_address

_MOST_BYTES: Final = 1_000_000  # of an answer
_CONNECT_S: Final = 5.0


class ModelFailed(TacetError):
    """The language model gave no answer that can be used; the sentence says why, without any of its words."""


@dataclass(frozen=True, slots=True)
class ModelServer:
    """Where the model is and what it is called there."""

    url: str
    model: str
    named_host: str | None = None
    ca_file: Path | None = None  # the authority that signed the host's certificate, None: the system's
    timeout_s: float = 300.0  # for the whole answer

    def ask(self, request: dict[str, Any]) -> str:
        """Send a chat completion request and give the text of its answer.

        Raises:
            AddressRefused: Nothing was sent.
            ModelFailed: Not there, too slow, too long, or no answer in the API's form.
        """
        address = check_address(self.url, self.named_host)
        body = json.dumps({**request, "model": self.model, "stream": False}, ensure_ascii=False).encode()
        try:
            with self._connected(address) as connection:
                status, answer = _exchange(connection, address, body)
        except (OSError, http.client.HTTPException):
            raise ModelFailed("The language model did not answer, or took too long.") from None
        if status != http.client.OK:
            raise ModelFailed(f"The language model's server refused the request (status {status}).")
        return _text_of(answer)

    @contextmanager
    def _connected(self, address: ModelAddress) -> Iterator[http.client.HTTPConnection]:
        """A connection that is cut when the time is over, however slowly the other side drips."""
        sock: socket.socket = socket.create_connection((address.ip, address.port), min(_CONNECT_S, self.timeout_s))
        try:
            sock.settimeout(self.timeout_s)
            if address.tls:
                context = ssl.create_default_context(cafile=self.ca_file)
                sock = context.wrap_socket(sock, server_hostname=address.host)
            connection = http.client.HTTPConnection(address.host, address.port)
            connection.sock = sock
            cut = threading.Timer(self.timeout_s, _cut, (sock,))
            cut.start()
            try:
                yield connection
            finally:
                cut.cancel()
                cut.join()
                connection.close()
        finally:
            sock.close()


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _exchange(connection: http.client.HTTPConnection, address: ModelAddress, body: bytes) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/json", "Connection": "close"}
    connection.request("POST", f"{address.path}/chat/completions", body, headers)
    with connection.getresponse() as response:
        answer = response.read(_MOST_BYTES + 1)
    if len(answer) > _MOST_BYTES:
        raise ModelFailed("The language model's answer was longer than any note.")
    return response.status, answer


def _text_of(answer: bytes) -> str:
    try:
        text = json.loads(answer)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        text = None
    if not isinstance(text, str):
        raise ModelFailed("The language model's server did not answer in the form of the API.")
    return text
