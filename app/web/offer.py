"""The one page without TLS: it offers the box's certificate to trust, and leads to the page over TLS. Nothing else."""

import re
from dataclasses import dataclass
from typing import ClassVar

from cryptography.hazmat.primitives.serialization import Encoding
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.authority import read_authority
from app.settings import AppSettings
from app.tls import fingerprint, fingerprint_groups
from app.web.hosts import HostList, host_of
from app.web.pages import HERE, load_templates, render
from app.web.rates import Rates
from app.web.shield import PROBE, Shield

FILES = {"tacet.css": "text/css", "offer.css": "text/css", "offer.js": "text/javascript", "icon.svg": "image/svg+xml"}
SYSTEMS = (  # what a browser says of itself, and which steps it is shown first
    ("iPhone|iPad", "ios"),
    ("Android", "android"),
    ("Mac OS X", "macos"),
    ("Windows", "windows"),
)
# The probe is an image of the page over TLS; everything else is the offer's own.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; form-action 'none'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True, slots=True)
class OfferPage:
    template: ClassVar[str] = "offer.html"
    name: str
    fingerprint: tuple[str, ...]  # in eight groups of four pairs, as on the box's screen
    page_url: str
    probe_url: str
    system: str  # whose steps are open


def create_offer(settings: AppSettings) -> Starlette:
    """Make the page of one box; where the clinic brings its own certificate there is nothing to offer."""
    templates = load_templates()

    def offer(request: Request) -> Response:
        authority = read_authority(settings.data_dir / "tls")
        if authority is None or settings.certificate is not None:
            return _over_tls(request)
        said = request.headers.get("user-agent", "")
        system = next((name for looks, name in SYSTEMS if re.search(looks, said)), "windows")
        url = _page_url(request)
        groups = fingerprint_groups(fingerprint(authority))
        return HTMLResponse(render(templates, OfferPage(settings.name, groups, f"{url}/", f"{url}{PROBE}", system)))

    def certificate(request: Request) -> Response:
        authority = read_authority(settings.data_dir / "tls")
        if authority is None or settings.certificate is not None:
            return _over_tls(request)
        # DER under this type is what all four systems take for a certificate to install.
        return Response(
            authority.public_bytes(Encoding.DER),
            media_type="application/x-x509-ca-cert",
            headers={"Content-Disposition": f'attachment; filename="{settings.name}.crt"'},
        )

    def static_file(request: Request) -> Response:
        name = request.path_params["name"]
        return FileResponse(HERE / "static" / name, media_type=FILES[name]) if name in FILES else _over_tls(request)

    def _over_tls(request: Request) -> Response:
        return RedirectResponse(_page_url(request) + request.url.path, 307)

    def _page_url(request: Request) -> str:
        """The Host was allowed before, so this leads nowhere else."""
        host = host_of(request.headers["host"]) or ""
        port = "" if settings.port == 443 else f":{settings.port}"  # noqa: PLR2004  what HTTPS means
        return f"https://{f'[{host}]' if ':' in host else host}{port}"

    hosts, rates = HostList(settings.name, settings.hosts), Rates(settings.requests_a_second)
    return Starlette(
        routes=[
            Route("/", offer),
            Route(f"/{settings.name}.crt", certificate),
            Route("/static/{name}", static_file),
            Route("/{path:path}", _over_tls),
        ],
        middleware=[Middleware(Shield, refusal=_refusal, hosts=hosts, rates=rates, policy=POLICY)],
    )


def _refusal(_: Request, status: int, _reference: str) -> Response:
    return PlainTextResponse("The page is served over HTTPS only.", status)
