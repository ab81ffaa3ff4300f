"""What stands before every route: headers, refusal of foreign requests, and an end to what nobody caught."""

import logging
from collections.abc import Callable
from zlib import crc32

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.own_log import place_of
from app.web.hosts import HostList
from app.web.rates import Rates

log = logging.getLogger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_UPLOAD_BYTES = 17 * 1024 * 1024  # a calendar file and its form
UPLOADS = frozenset({"/week/calendars"})
MAX_BODY_BYTES = 64 * 1024  # the longest form is one line of a transcript

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not "no-referrer": browsers would then send "Origin: null" with our own forms
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), payment=()",
}
# An icon that a page without TLS may show: where it can, this browser trusts the box's certificate.
PROBE = "/static/trusted.svg"
OWN_FILES = ("/static/", "/assets/")

# Said without a page: drawing one takes more than the request is worth.
WRONG_HOST = "The box does not answer to this name. Open it by the address that it shows."
TOO_MANY = "This machine asks too much at once. Wait a few seconds, then try again."

Refusal = Callable[[Request, int, str], Response]


def is_foreign(headers: Headers) -> bool:
    """Tell whether an unsafe request was made by anything but a page of this box.

    `Sec-Fetch-Site` decides where the browser sends it; otherwise the origin has to name the host that was asked.
    Source: OWASP Cross-Site Request Forgery Prevention, "Fetch Metadata headers".
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site != "same-origin"
    origin, host = headers.get("origin", ""), headers.get("host", "")
    return not host or origin != f"https://{host}"


class Shield:
    """Outermost of our layers. What nobody caught becomes one page and one log line, without values or messages."""

    def __init__(self, app: ASGIApp, refusal: Refusal, hosts: HostList, rates: Rates, policy: str = POLICY) -> None:
        self._app = app
        self._policy = policy
        self._refusal = refusal
        self._hosts = hosts
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_shielded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                _add_headers(headers, scope["path"])
                headers["Content-Security-Policy"] = self._policy
            await send(message)

        refused = self._refused(scope)
        try:
            await (refused or self._app)(scope, receive, send_shielded)
        except Exception as error:  # noqa: BLE001  whatever it is, it must not reach the server's traceback log
            reference = _log(error, scope)
            if not started:
                await self._refusal(Request(scope), 500, reference)(scope, receive, send_shielded)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if len(headers.getlist("host")) != 1 or not self._hosts.allows(
            headers["host"], (scope.get("server") or [""])[0]
        ):
            return PlainTextResponse(WRONG_HOST, 421)
        if not self._rates.allows((scope.get("client") or [""])[0]):
            return PlainTextResponse(TOO_MANY, 429, {"Retry-After": "5"})
        if scope["method"] in SAFE_METHODS:
            return None
        if is_foreign(headers):
            return self._refusal(Request(scope), 403, "")
        length = headers.get("content-length", "0")
        longest = MAX_UPLOAD_BYTES if scope["path"] in UPLOADS else MAX_BODY_BYTES
        too_long = not length.isdigit() or int(length) > longest or "transfer-encoding" in headers
        return self._refusal(Request(scope), 413, "") if too_long else None


def _add_headers(headers: MutableHeaders, path: str) -> None:
    for name, value in HEADERS.items():
        headers[name] = value
    if path == PROBE:
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    headers["Cache-Control"] = "no-cache" if path.startswith(OWN_FILES) else "no-store"


def _log(error: BaseException, scope: Scope) -> str:
    """Log where it happened and what kind it was, never its message: that may hold speech."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    place = place_of(error.__traceback__)
    reference = f"{crc32(f'{type(error).__name__} {place}'.encode()) & 0xFFFF:04X}"
    log.error("%s %s failed: %s at %s (%s)", scope["method"], scope["path"], type(error).__name__, place, reference)
    return reference
