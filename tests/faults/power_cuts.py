"""Power cuts, modelled: everything synced stands, of the rest any part."""

import random
from collections.abc import Callable
from functools import partial

from support.cut_session import CutSession
from support.power_cut import Disk
from support.tapes import noise

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from firmware.tape import ConsentEvent, TapeWriter


def lose_nothing(scale: Scale, progress: Progress) -> Figure:
    sessions, cuts = scale.of(20, 2), scale.of(500, 150)
    lost = lost_without_sync = lost_without_folder_sync = 0
    for seed in range(sessions):
        with scratch_folder(in_memory=True) as folder:
            session = CutSession(folder, partial(_any_session, random.Random(seed)))
            disk = session.disk
            lost += _lost(session, disk, cuts)
            lost_without_sync += _lost(session, disk.without("sync"), cuts)
            lost_without_folder_sync += _lost(session, disk.without("sync_folder"), cuts)
            progress(f"{(seed + 1) * cuts} of {sessions * cuts} cuts")
    words = (
        f"{lost} lost in {sessions * cuts:,} cuts; the same without fdatasync: {lost_without_sync:,} lost, "
        f"without the folder's fsync: {lost_without_folder_sync:,}"
    )
    return Figure(words, kept=lost == 0 < min(lost_without_sync, lost_without_folder_sync))


def _lost(session: CutSession, disk: Disk, cuts: int) -> int:
    return sum(session.loses(disk, seed) for seed in range(cuts))


def _any_session(choice: random.Random, writer: TapeWriter) -> list[Callable[[], object]]:
    """A session of 5 to 25 random steps; the steps are made up before the tape is."""
    appends: list[Callable[[], object]] = [partial(writer.append_consent, ConsentEvent.GIVEN)]
    for _ in range(choice.randint(5, 25)):
        match choice.randrange(6):
            case 0:
                appends += [
                    partial(writer.append_consent, event) for event in (ConsentEvent.PAUSED, ConsentEvent.RESUMED)
                ]
            case 1:
                appends.append(partial(writer.append_gap, choice.randint(1, 100)))
            case 2:
                appends.append(partial(writer.append_fault, "microphone_silent"))
            case _:
                appends.append(partial(writer.append_audio, noise(choice.randint(1, 50), choice.randrange(1000))))
    if choice.random() < 0.7:
        appends.append(writer.close)
    return appends
