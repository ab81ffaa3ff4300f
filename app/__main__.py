import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from functools import partial

import uvicorn

from app.asr.client import SocketTranscriber
from app.asr.taking_over import TakingOver
from app.audit.chain import BOX
from app.box.invitations import Invitations
from app.box.record import BoxRecord
from app.discovery import announced
from app.errors import TacetError
from app.neighbours import Wellbeing
from app.own_log import begin_log
from app.pipeline import Pipeline
from app.put_back import take_in
from app.recorder_link import RecorderLink
from app.restore_state import forget_restore, is_ready
from app.room_seats import RoomSeats
from app.second_pass import SecondPass, machine_now
from app.settings import AppSettings
from app.systemd import handed_over_sockets, telling_systemd
from app.tls import Certificate
from app.vault.account import list_accounts
from app.vault.vault import Vaults
from app.web.auto_lock import AutoLock
from app.web.connections import allow_many_files
from app.web.desk import Desk
from app.web.offer import create_offer
from app.web.server import PageServer, create_app
from app.web.serving import certificate_for, keep_certificate, plain_config, served_beside, server_config
from firmware.status import BoxState, RecorderClient

LOOK_FOR_BACKUP_EVERY_S = 2.0

log = logging.getLogger(__name__)


def main(settings: AppSettings) -> int:
    """Run the app until SIGTERM or SIGINT. Raise TacetError, a sentence, where it cannot start."""
    begin_log("app")
    allow_many_files()
    restored = _take_in(settings)  # before anything of it is open
    certificate, _ = certificate_for(settings)
    if not list_accounts(settings.data_dir / "vaults"):
        Invitations(settings.data_dir / "box").first_code()  # before anybody can knock: whoever does reads it first
    with contextlib.ExitStack() as stack:
        listener, plain = _listening(settings)
        for one in (listener, plain):
            if one is not None:
                stack.enter_context(one)
        asyncio.run(_serve(settings, certificate, listener, plain, restored=restored))
    return 0


def _take_in(settings: AppSettings) -> bool:
    try:
        return take_in(settings.data_dir)
    except OSError as error:
        raise TacetError(
            f"The backup that was copied cannot be put in place ({error.strerror}). Start the box again; if that does "
            "not help, its storage is at fault: replace it."
        ) from error


async def _serve(
    settings: AppSettings,
    certificate: Certificate,
    listener: socket.socket,
    plain: socket.socket | None,
    *,
    restored: bool,
) -> None:
    record = BoxRecord.open(settings.data_dir / "box")
    if restored:
        record.audit.add(BOX, "box.restored")
        forget_restore(settings.data_dir)
    record.audit.add(BOX, "box.started")
    vaults = Vaults(settings.data_dir / "vaults")
    recorder = RecorderLink(RecorderClient(settings.run_dir / "recorder.sock"))
    asr = SocketTranscriber(settings.run_dir / "asr.sock")
    hearing = TakingOver(SocketTranscriber(settings.run_dir / "pool.sock"), asr)
    room = RoomSeats(settings.data_dir / "box")
    tapes_dir = settings.data_dir / "tapes"
    second = SecondPass(tapes_dir, settings.data_dir / "box", asr, partial(machine_now, tapes_dir))
    pipeline = Pipeline(tapes_dir, vaults, hearing, asr, room.known, second)
    web = create_app(settings, vaults, record, recorder, pipeline)
    hearing.tally = web.state.desk.tally
    config = server_config(web, certificate)
    assert config.ssl is not None
    server = PageServer(config, web.state.desk.closing)
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
    async with _announced(settings, desk), telling_systemd(os.environ), asyncio.TaskGroup() as tasks:
        followers = (
            recorder.follow(),
            AutoLock(desk).run(),
            desk.preparing.follow(),
            keep_certificate(settings, config.ssl, certificate),
            _end_once_ready(settings, server),
        )
        following = [tasks.create_task(one) for one in followers]
        async with _offered(settings, plain):
            await server.serve(sockets=[listener])
        for one in following:
            one.cancel()
    stopping.set()
    pipeline.stop()
    vaults.lock_all()
    record.close()
    log.info("ended, keys dropped")


async def _end_once_ready(settings: AppSettings, server: uvicorn.Server) -> None:
    """End the app where a backup lies ready: it is taken in when whoever keeps the app running starts it again."""
    while not is_ready(settings.data_dir):  # noqa: ASYNC110  another process says so, by a file
        await asyncio.sleep(LOOK_FOR_BACKUP_EVERY_S)
    log.info("a backup lies ready; starting again to take it in")
    server.should_exit = True


def _end_at_signals(server: uvicorn.Server) -> None:
    """SIGTERM and SIGINT end the server, also before it serves and when it raises them again: keys go first."""

    def end(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def _announced(settings: AppSettings, desk: Desk) -> contextlib.AbstractAsyncContextManager[None]:
    if not settings.announce:
        return contextlib.nullcontext()

    def wellbeing() -> Wellbeing:
        status = desk.recorder.status
        fine = status is not None and status.state not in {BoxState.NOT_READY, BoxState.FAULT}
        return Wellbeing.WELL if fine and desk.pipeline.speech_problem is None else Wellbeing.ATTENTION

    return announced(settings.name, settings.port, wellbeing=wellbeing, neighbours=desk.neighbours)


def _offered(settings: AppSettings, plain: socket.socket | None) -> contextlib.AbstractAsyncContextManager[None]:
    """The page without TLS, where there is a port for it."""
    if plain is None:
        return contextlib.nullcontext()
    return served_beside(plain_config(create_offer(settings)), [plain])


def _listening(settings: AppSettings) -> tuple[socket.socket, socket.socket | None]:
    """The page's port, and the one without TLS."""
    handed_over = handed_over_sockets(os.environ)
    if handed_over:
        return handed_over[0], handed_over[1] if len(handed_over) > 1 else None
    listener = _bound(settings.host, settings.port, "port")
    if settings.plain_port is None:
        return listener, None
    try:
        return listener, _bound(settings.host, settings.plain_port, "plain_port")
    except TacetError as error:
        log.warning("%s", error)  # only the offer of the certificate is missing
        return listener, None


def _bound(host: str, port: int, setting: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise TacetError(
            f"The page cannot be served on {host} port {port} ({error.strerror}). "
            f"Stop the program that uses the port, or choose another with `{setting}` in the configuration."
        ) from error
    listener.listen(128)
    return listener
