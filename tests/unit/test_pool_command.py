"""`tacet pool` as clinic IT types it, without the processes."""

import io
import json
import threading
from pathlib import Path

import pytest
from support.pool import free_port
from support.waiting import wait_until

from app.neighbours import Pools
from app.pool.membership import Membership
from tacet.__main__ import main
from tacet.pool.near import suggestion
from tacet.pool.status import lines, metrics

WITHIN_S = 120.0
SAID = {
    "pool": "clinic",
    "workers": ["strong-1"],
    "queued": 2,
    "sound_s_a_second": 1.5,
    "boxes": {"room-1": {"windows": 3, "sound_s": 90.0, "waited_s": 4.0, "lag_s": 1.0}},
}


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    folder = str(tmp_path / "pool")
    assert main(["pool", "init", "clinic", "--folder", folder]) == 0
    capsys.readouterr()
    return folder


def members(folder: str, capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[str, bool]]:
    capsys.readouterr()
    assert main(["pool", "members", "--folder", folder, "--json"]) == 0
    return {one["name"]: (one["role"], one["revoked"]) for one in json.loads(capsys.readouterr().out)}


def test_init__a_second_time__says_so_and_changes_nothing(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pool", "init", "clinic", "--folder", folder]) == 1
    assert "already" in capsys.readouterr().err
    assert members(folder, capsys) == {"clinic": ("scheduler", False)}


def test_invite_and_join__as_two_people_type_them__make_a_member(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, shown, box = str(free_port()), io.StringIO(), tmp_path / "box"
    there = ["--folder", folder, "--listen", "127.0.0.1", "--port", port]
    with monkeypatch.context() as patched:
        patched.setattr("tacet.pool.membership.print", lambda *said, **_: shown.write(f"{said[0]}\n"), raising=False)
        inviting = threading.Thread(target=main, args=(["pool", "invite", "room-1", "--as", "box", *there],))
        inviting.start()
        wait_until(lambda: "Code: " in shown.getvalue(), WITHIN_S)
        patched.setattr("sys.stdin", io.StringIO(shown.getvalue().split("Code: ")[1].split()[0] + "\n"))
        assert main(["pool", "join", "127.0.0.1", "--port", port, "--folder", str(box)]) == 0
        inviting.join(WITHIN_S)
    assert not inviting.is_alive()
    assert (Membership(box).name(), Membership(box).place().pool) == ("room-1", "clinic")
    assert members(folder, capsys)["room-1"] == ("box", False)
    assert main(["pool", "revoke", "room-1", "--folder", folder]) == 0
    assert members(folder, capsys)["room-1"] == ("box", True)


@pytest.mark.parametrize("name", ["Room 3", "", "-room", "a" * 41])
def test_invite__a_name_that_is_none__says_what_one_looks_like(
    folder: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pool", "invite", "--folder", folder, "--as", "box", "--", name]) == 1
    assert "like room-3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["revoke", "nobody"], "Members are: clinic."),
        (["invite", "clinic", "--as", "box"], "member already"),
        (["members", "--folder", "/nonexistent"], "tacet pool init"),
        (["status", "--folder", "/nonexistent"], "tacet pool join"),
    ],
    ids=["unknown member", "known name", "no authority", "no member"],
)
def test_command__that_cannot_be_done__says_why_and_what_to_do(
    folder: str, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = arguments if "--folder" in arguments else [*arguments, "--folder", folder]
    assert main(["pool", *chosen]) == 1
    assert sentence in capsys.readouterr().err


def test_join__what_was_typed_is_no_code__is_told_before_anything_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hello\n"))
    assert main(["pool", "join", "127.0.0.1", "--folder", str(tmp_path / "box")]) == 1
    assert "32 letters" in capsys.readouterr().err


def test_status__shown__has_workers_queue_rate_and_the_lag_of_each_box() -> None:
    shown = "\n".join(lines(SAID))
    assert "workers: strong-1" in shown
    assert "windows in work: 2" in shown
    assert "waits now for 1.0 s" in shown
    assert "boxes hear by themselves" in "\n".join(lines(SAID | {"workers": []}))


def test_metrics__each_line__is_one_that_prometheus_reads() -> None:
    shown = metrics(SAID)
    assert 'tacet_pool_box_lag_seconds{box="room-1"} 1.0' in shown
    assert all(float(line.rsplit(" ", 1)[1]) >= 0 for line in shown)


def test_join__without_a_host__says_what_was_seen_and_joins_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tacet.pool.near.LISTENS_S", 0.1)
    assert main(["pool", "join", "--folder", str(tmp_path / "box")]) == 1
    assert "tacet pool join HOST." in capsys.readouterr().err
    assert not (tmp_path / "box").exists()


def test_suggestion__of_what_announces_itself__says_that_anybody_can() -> None:
    found = Pools()
    assert suggestion(found) == "No pool announces itself on this network."
    found.heard("clinic", "192.168.7.5", 8790)
    assert "clinic at 192.168.7.5" in suggestion(found)
    assert "Anybody can say so" in suggestion(found)
