"""A hub of our own on the loopback: what huggingface_hub needs to see of one, and a record of what it was asked."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from support.toy_models import Toy


@dataclass
class ToyHub:
    """Serves the content it is given. With `stall_after`, a longer file stops there until `go_on`, and is cut off."""

    endpoint: str
    content: dict[str, bytes]
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)  # method, path, Range header
    headers: list[dict[str, str]] = field(default_factory=list)
    stall_after: int | None = None
    go_on: Event = field(default_factory=Event)


@contextmanager
def toy_hub(served: Toy, **changes: bytes | None) -> Iterator[ToyHub]:
    """Serve a model under its repository and revision. `changes` replace the bytes of a file, or remove it (None)."""
    content = dict(served.content)
    for name, replacement in changes.items():
        key = name.replace("_", ".")
        if replacement is None:
            del content[key]
        else:
            content[key] = replacement
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.daemon_threads = True
    hub = ToyHub(f"http://127.0.0.1:{server.server_address[1]}", content)
    server.RequestHandlerClass = _handler(hub, served)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        hub.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(hub: ToyHub, served: Toy) -> type[BaseHTTPRequestHandler]:
    root = f"/{served.model.repo}/resolve/{served.model.revision}/"

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def log_message(self, *_args: object) -> None:
            pass

        def _answer(self, *, with_body: bool) -> None:
            hub.asked.append((self.command, self.path, self.headers.get("Range")))
            hub.headers.append(dict(self.headers))
            body = hub.content.get(self.path.removeprefix(root)) if self.path.startswith(root) else None
            if body is None:
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0])
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("X-Repo-Commit", served.model.revision)
            self.end_headers()
            if with_body:
                self._send(body[start:])

        def _send(self, body: bytes) -> None:
            if hub.stall_after is not None and len(body) > hub.stall_after:
                self.wfile.write(body[: hub.stall_after])
                self.wfile.flush()
                hub.go_on.wait(30)
                self.close_connection = True
                return
            self.wfile.write(body)

    return Handler
