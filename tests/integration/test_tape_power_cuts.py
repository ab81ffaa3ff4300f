"""Cut the power anywhere in a session: no acknowledged record is lost, and the tape is never refused."""

import pytest
from support.cut_session import CutSession

CUTS = 2000


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> CutSession:
    return CutSession(tmp_path_factory.mktemp("tapes"))


def test_power_cut__anywhere__loses_no_acknowledged_record(session: CutSession) -> None:
    for seed in range(CUTS):
        events, acknowledged = session.read_after_cut(session.disk, seed)
        assert events == session.events[: len(events)]
        assert acknowledged <= len(events) <= acknowledged + 1


@pytest.mark.parametrize("kind", ["sync", "sync_folder"])
def test_power_cut__files_or_folder_not_synced__the_same_model_loses_records(session: CutSession, kind: str) -> None:
    disk = session.disk.without(kind)
    assert any(session.loses(disk, seed) for seed in range(CUTS))
