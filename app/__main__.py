import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading

import uvicorn
from fastapi import FastAPI

from app.asr.client import SocketTranscriber
from app.audit.chain import BOX
from app.box.invitations import Invitations
from app.box.record import BoxRecord
from app.discovery import announced
from app.errors import TacetError
from app.pipeline import Pipeline
from app.recorder_link import RecorderLink
from app.settings import AppSettings
from app.systemd import handed_over_socket, telling_systemd
from app.tls import Certificate, ensure_certificate
from app.vault.account import list_accounts
from app.vault.vault import Vaults
from app.web.auto_lock import AutoLock
from app.web.connections import HEAD_BYTES, BoundedProtocol, allow_many_files
from app.web.server import PageServer, create_app
from firmware.status import RecorderClient

log = logging.getLogger(__name__)

OPEN_STREAMS_END_WITHIN_S = 2


def main(settings: AppSettings) -> int:
    """Run the app until SIGTERM or SIGINT. Raise TacetError, a sentence, where it cannot start."""
    logging.basicConfig(level=logging.INFO, format="app: %(message)s")
    allow_many_files()
    certificate = ensure_certificate(settings.data_dir / "tls", settings.name)
    if not list_accounts(settings.data_dir / "vaults"):
        Invitations(settings.data_dir / "box").first_code()  # before anybody can knock: whoever does reads it first
    with _listening(settings) as listener:
        asyncio.run(_serve(settings, certificate, listener))
    return 0


async def _serve(settings: AppSettings, certificate: Certificate, listener: socket.socket) -> None:
    record = BoxRecord.open(settings.data_dir / "box")
    record.audit.add(BOX, "box.started")
    vaults = Vaults(settings.data_dir / "vaults")
    recorder = RecorderLink(RecorderClient(settings.run_dir / "recorder.sock"))
    asr = SocketTranscriber(settings.run_dir / "asr.sock")
    pipeline = Pipeline(settings.data_dir / "tapes", vaults, asr, asr)
    web = create_app(settings, vaults, record, recorder, pipeline)
    server = PageServer(_server_config(web, certificate), web.state.desk.closing)
    _end_at_signals(server)
    stopping = threading.Event()
    desk = web.state.desk

    def draft(stopping: threading.Event) -> None:
        desk.drafting.run(vaults, stopping, pipeline.changes.notify)

    works = {
        "pipeline": pipeline.run,
        "withdrawals": desk.withdrawals.run,
        "retention": desk.retention.run,
        "indexer": desk.indexer.run,
        "drafting": draft,
    }
    for name, work in works.items():
        threading.Thread(target=work, args=(stopping,), name=name, daemon=True).start()
    async with _announced(settings), telling_systemd(os.environ), asyncio.TaskGroup() as tasks:
        followers = (recorder.follow(), AutoLock(desk).run(), desk.preparing.follow())
        following = [tasks.create_task(one) for one in followers]
        await server.serve(sockets=[listener])
        for one in following:
            one.cancel()
    stopping.set()
    pipeline.stop()
    vaults.lock_all()
    record.close()
    log.info("ended, keys dropped")


def _end_at_signals(server: uvicorn.Server) -> None:
    """SIGTERM and SIGINT end the server, also before it serves and when it raises them again: keys go first."""

    def end(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def _server_config(web: FastAPI, certificate: Certificate) -> uvicorn.Config:
    return uvicorn.Config(
        web,
        ssl_certfile=certificate.cert_path,
        ssl_keyfile=certificate.key_path,
        http=BoundedProtocol,
        ws="none",
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_graceful_shutdown=OPEN_STREAMS_END_WITHIN_S,
        server_header=False,
        access_log=False,  # paths hold session ids; what was opened belongs in the audit, not in a log
        log_level="warning",
    )


def _announced(settings: AppSettings) -> contextlib.AbstractAsyncContextManager[None]:
    return announced(settings.name, settings.port) if settings.announce else contextlib.nullcontext()


def _listening(settings: AppSettings) -> socket.socket:
    handed_over = handed_over_socket(os.environ)
    if handed_over is not None:
        return handed_over
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise TacetError(
            f"The page cannot be served on {settings.host} port {settings.port} ({error.strerror}). "
            "Stop the program that uses the port, or choose another with `port` in the configuration."
        ) from error
    listener.listen(128)
    return listener
