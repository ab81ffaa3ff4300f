"""Slow and greedy machines, against the real server."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from support.waiting import wait_until
from support.web_box import WebBox

from app.web import connections, listening

ANY_CERTIFICATE = ssl.create_default_context()
ANY_CERTIFICATE.check_hostname = False
ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE


@pytest.fixture
def box(tmp_path: Path) -> Iterator[WebBox]:
    box = WebBox(tmp_path)
    box.start()
    yield box
    box.close()


def connect(box: WebBox) -> ssl.SSLSocket:
    return ANY_CERTIFICATE.wrap_socket(socket.create_connection(("127.0.0.1", box.port), timeout=60))


def page(box: WebBox) -> int:
    client = HTTPSConnection("127.0.0.1", box.port, context=ANY_CERTIFICATE, timeout=60)
    try:
        client.request("GET", "/trust")
        answer = client.getresponse()
        answer.read()
        return answer.status
    finally:
        client.close()


def is_closed(connection: ssl.SSLSocket) -> bool:
    """Whether the server has ended it; waits for the answer."""
    try:
        return connection.recv(1) == b""
    except OSError:
        return True


@pytest.mark.parametrize("started", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_slow_request__whose_head_never_ends__is_ended(
    box: WebBox, monkeypatch: pytest.MonkeyPatch, started: bytes
) -> None:
    monkeypatch.setattr(connections, "HEAD_WITHIN_S", 2.0)
    with connect(box) as slow:
        slow.sendall(started)
        assert is_closed(slow)
    monkeypatch.undo()
    assert page(box) == 200


def test_slow_request__whose_body_never_comes__is_ended(box: WebBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_WITHIN_S", 2.0)
    with connect(box) as slow:
        slow.sendall(
            b"POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 50\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\nperson="
        )
        assert is_closed(slow)
    monkeypatch.undo()
    assert page(box) == 200


def test_one_machine__with_more_connections_than_its_share__keeps_its_share(
    box: WebBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before it says a word: thousands of silent ones would use up the files of the process."""
    monkeypatch.setattr(listening, "A_MACHINE", 6)
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_connection(("127.0.0.1", box.port), 60)) for _ in range(20)]
        assert all(one.recv(1) == b"" for one in held[6:])
        assert box.connections == {"127.0.0.1": 6}
    wait_until(lambda: not box.connections, 60, "for all to be gone")
    assert page(box) == 200


def test_event_stream__quiet_for_longer_than_any_limit__stays(box: WebBox, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("HEAD_WITHIN_S", "BODY_WITHIN_S", "TAKEN_WITHIN_S"):
        monkeypatch.setattr(connections, limit, 2.0)
    with connect(box) as stream:
        stream.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert stream.recv(12) == b"HTTP/1.1 200"
        with connect(box) as slow:  # ended by the same limit: by then the stream has outlived it
            assert is_closed(slow)
        box.recorder.show(None)
        said = b""
        while b"does not answer" not in said:
            said += stream.recv(4096)


def test_head_too_long__is_refused(box: WebBox) -> None:
    with connect(box) as greedy:
        greedy.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 70_000)
        assert greedy.recv(12) in {b"HTTP/1.1 400", b""}


def test_upload_of_a_gigabyte__is_refused_by_its_length(box: WebBox) -> None:
    with connect(box) as greedy:
        greedy.sendall(
            b"POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
            b"Content-Length: 1073741824\r\n\r\n"
        )
        assert greedy.recv(12) == b"HTTP/1.1 413"
