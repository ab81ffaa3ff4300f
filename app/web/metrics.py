"""Figures for the clinic's monitoring, to the machines that tacet.toml names and to nobody else."""

import shutil
from ipaddress import ip_address, ip_network

from cryptography.x509 import load_pem_x509_certificate
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.asr.pace import hottest_c
from app.backup_state import Stage, read_backup_state
from app.metrics import CONTENT_TYPE, Health, PoolHealth, as_text
from app.pool.seen import Standing, look
from app.web.audited import unaudited
from app.web.desk import Desk, TheDesk
from app.web.serving import certificate_for
from firmware.status import BoxState

router = APIRouter()


@router.get("/metrics", dependencies=[unaudited("figures of the box, nothing clinical")])
def metrics(request: Request, desk: TheDesk) -> Response:
    if request.client is None or not is_among(request.client.host, desk.settings.metrics_for):
        raise HTTPException(404)  # as if there were none: nobody else needs to know
    return Response(as_text(_health(desk)), media_type=CONTENT_TYPE)


def is_among(address: str, networks: tuple[str, ...]) -> bool:
    """Whether one of the addresses or networks holds this one; IPv4 within IPv6 counts as IPv4."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ip_network(network) for network in networks)


def _health(desk: Desk) -> Health:
    status, disk = desk.recorder.status, shutil.disk_usage(desk.settings.data_dir)
    backup = read_backup_state(desk.settings.data_dir)
    certificate, _ = certificate_for(desk.settings)
    served = load_pem_x509_certificate(certificate.cert_path.read_bytes())
    queue = desk.pipeline.queue()
    return Health(
        recorder=None if status is None else status.state.value,
        states=tuple(state.value for state in BoxState),
        speech_works=desk.pipeline.speech_problem is None,
        free_bytes=disk.free,
        total_bytes=disk.total,
        open_vaults=len(desk.vaults.unlocked()),
        backup_made_at_s=None if backup is None else backup.made_at_ms / 1000,
        backup_failed=backup is not None and backup.stage is Stage.FAILED,
        certificate_ends_at_s=served.not_valid_after_utc.timestamp(),
        waiting_sessions=queue.live + queue.ended,
        waiting_s=queue.behind_ms / 1000,
        temperature_c=hottest_c(),
        pool=_pool(desk),
    )


def _pool(desk: Desk) -> PoolHealth | None:
    seen = look(desk.settings.run_dir)
    if seen.standing in {Standing.OFF, Standing.UNUSED}:
        return None
    refuses = seen.standing is Standing.REFUSED or desk.tally.problem is not None
    return PoolHealth(seen.hears, refuses, seen.lag_s, seen.waited_s, desk.tally.by_pool, desk.tally.by_box)
