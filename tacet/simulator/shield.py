"""Keeps everybody but this machine's own page away from the button.

A browser visits other web pages too, and those can reach 127.0.0.1: by a form or a script (refused by the origin), by
a name of theirs that resolves to it (refused by the host), or by drawing our page under theirs (refused to be framed).
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
SAFE_METHODS = frozenset({"GET", "HEAD"})
HOME = "/"  # the one address that another page may link to


class Shield:
    """Outermost layer: refuses what did not come from our own page and adds the headers to every answer."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._home = f"http://127.0.0.1:{port}"
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await (self._refusal(scope) or self._app)(scope, receive, send_shielded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host, safe = headers.get("host", ""), scope["method"] in SAFE_METHODS
        if host not in self._hosts:
            return PlainTextResponse(f"The picture of the box is at {self._home} on this machine only.", 421)
        if not safe and headers.get("origin") != f"http://{host}":
            return PlainTextResponse("Only the picture's own page presses the button.", 403)
        site = headers.get("sec-fetch-site", "none")
        if site not in {"same-origin", "none"} and not (safe and scope["path"] == HOME):
            return PlainTextResponse(f"Another web page asked for this. Open {self._home} yourself.", 403)
        return None
