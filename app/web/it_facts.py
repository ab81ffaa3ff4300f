"""How the box is, as clinic IT reads it line by line. Nothing of any session."""

import shutil

from app.asr.pace import hottest_c
from app.authority import read_authority
from app.pool.seen import look
from app.throttling import slowed_down
from app.tls import fingerprint, fingerprint_groups
from app.version import version
from app.web.desk import Desk
from app.web.pool_standing import in_a_word
from app.web.second_model import second_model
from app.web.serving import certificate_for
from app.web.wording import counted
from firmware.status import BoxStatus

ONE_GIB = 1 << 30
NOT_ENCRYPTED = "not encrypted as a whole; sessions are, each by itself"
ENCRYPTED = "encrypted as a whole; this box's TPM holds the key"


def box_facts(desk: Desk, *, encrypted: bool) -> tuple[tuple[str, str], ...]:
    """Name and value of each. Reads the disk."""
    status, disk = desk.recorder.status, shutil.disk_usage(desk.settings.data_dir)
    recorder = "does not answer" if status is None else status.state.value.replace("_", " ")
    free = f"{disk.free / ONE_GIB:.1f} of {disk.total / ONE_GIB:.0f} GiB"
    return (
        ("Recorder", " ".join((recorder, *(status.reasons if status else ())))),
        ("Transcription", desk.pipeline.speech_problem or "works"),
        ("Second model", second_model(desk)),
        ("Pool", in_a_word(look(desk.settings.run_dir))),
        ("Storage free", free),
        ("Disk", ENCRYPTED if encrypted else NOT_ENCRYPTED),
        ("Microphone", _microphone(status)),
        ("Temperature", _temperature()),
        ("Slowed down", slowed_down()),
        ("Version", version()),
        ("Certificate", _certificate(desk)),
        ("Vaults open now", counted(len(desk.vaults.unlocked()), "vault")),
    )


def _microphone(status: BoxStatus | None) -> str:
    return "not known while the recorder does not answer" if status is None else status.microphone


def _temperature() -> str:
    hot_c = hottest_c()
    return "no sensor" if hot_c is None else f"{hot_c:.0f} °C"


def _certificate(desk: Desk) -> str:
    found, problem = certificate_for(desk.settings)
    authority = read_authority(desk.settings.data_dir / "tls")
    if problem or desk.settings.certificate is None:
        groups = " ".join(fingerprint_groups(fingerprint(authority))) if authority else ""
        return f"{problem} The box's own; to compare before it is trusted: {groups}".strip()
    return f"the clinic's own, {found.fingerprint}"
