"""How the page is put on the network: which certificate, which TLS, which bounds. Renews the certificate meanwhile."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio
import uvicorn
from starlette.types import ASGIApp

from app.settings import AppSettings
from app.tls import Certificate, CertificateFailed, clinic_certificate, ensure_certificate
from app.web.connections import HEAD_BYTES, BoundedProtocol
from app.web.listening import Bounded, BoundedListener

log = logging.getLogger(__name__)

LOOK_EVERY_S = 3600.0  # an address may be new, an end near
OPEN_STREAMS_END_WITHIN_S = 2
# TLS 1.2 with forward secrecy and authenticated encryption; 1.3 has nothing else. Source: RFC 9325, 4.2.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


def certificate_for(settings: AppSettings) -> tuple[Certificate, str]:
    """What to serve the page with, and what is wrong with the clinic's own where that cannot be used.

    The box is never left without a page over a certificate: it then serves the one that it made.

    Raises:
        CertificateFailed: The storage refused the box's own.
    """
    problem = ""
    if settings.certificate is not None and settings.certificate_key is not None:
        try:
            return clinic_certificate(settings.certificate, settings.certificate_key), ""
        except CertificateFailed as error:
            problem = str(error)
            log.error("%s Until then the page has the box's own.", problem)  # noqa: TRY400  the sentence says it all
    return ensure_certificate(settings.data_dir / "tls", settings.name, more=settings.hosts), problem


def server_config(
    web: ASGIApp, certificate: Certificate, ends_within_s: int = OPEN_STREAMS_END_WITHIN_S
) -> uvicorn.Config:
    """Serve over TLS 1.2 or 1.3 with modern suites."""
    config = plain_config(web, ends_within_s)
    config.ssl_certfile, config.ssl_keyfile = certificate.cert_path, certificate.key_path
    config.ssl_ciphers = CIPHERS
    config.load()
    assert config.ssl is not None
    config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return config


def plain_config(web: ASGIApp, ends_within_s: int = OPEN_STREAMS_END_WITHIN_S) -> uvicorn.Config:
    return uvicorn.Config(
        web,
        http=BoundedProtocol,
        ws="none",
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_graceful_shutdown=ends_within_s,
        server_header=False,
        access_log=False,  # paths hold session ids; what was opened belongs in the audit, not in a log
        log_level="warning",
        log_config=None,  # by this process's own log
    )


async def keep_certificate(settings: AppSettings, context: ssl.SSLContext, served: Certificate) -> None:
    """Renew the certificate while the page is served; connections that come afterwards get the new one. Never ends."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        served = await anyio.to_thread.run_sync(renewed, settings, context, served)


def renewed(settings: AppSettings, context: ssl.SSLContext, served: Certificate) -> Certificate:
    """The certificate that is served from now on."""
    try:
        found, _ = certificate_for(settings)
        if found != served:
            context.load_cert_chain(found.cert_path, found.key_path)
            log.info("the page has a new certificate")
    except (CertificateFailed, OSError, ssl.SSLError) as error:
        log.warning("the certificate was not renewed: %s", type(error).__name__)
        return served
    return found


class BesideServer(uvicorn.Server):
    """Serves beside another server of this process, which alone hears the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on these sockets, which are closed by it."""
        bounded = Bounded()
        await super().serve([BoundedListener(one, bounded) for one in sockets or []])


@asynccontextmanager
async def served_beside(config: uvicorn.Config, sockets: list[socket.socket]) -> AsyncIterator[None]:
    server = BesideServer(config)
    serving = asyncio.create_task(server.serve(sockets=sockets))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
