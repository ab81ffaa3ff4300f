"""What a process gives up before it begins, tried out from inside, by the kernel that runs these tests."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tacet.confinement.landlock import all_but, landlock_version
from tacet.confinement.rules import Confinement, confinements, devices
from tacet.settings import BoxSettings, check_settings

PROBE = """
import json, pathlib, socket, sys
def attempt(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "done"
def listen(place):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
def call(port):
    with socket.create_connection(("127.0.0.1", int(port)), 30):
        pass
acts = {
    "read": lambda it: pathlib.Path(it).read_bytes(), "write": lambda it: pathlib.Path(it).write_bytes(b"x"),
    "listen": listen, "call": call,
}
print(json.dumps([attempt(lambda: acts[what](it)) for what, it in json.loads(sys.argv[1])]))
"""
REFUSED, DONE = "PermissionError", "done"


@pytest.fixture
def settings(tmp_path: Path) -> BoxSettings:
    sound = tmp_path / "room.wav"
    sound.write_bytes(b"sound")
    data = tmp_path / "data"
    for name in ("vaults/ada", "box", "tls", "run", "tapes"):
        (data / name).mkdir(parents=True)
    for secret in ("vaults/ada/account.json", "box/record.db", "tls/key.pem", "tapes/head"):
        (data / secret).write_bytes(b"secret")
    (data / "run/tacet.toml").write_bytes(b"settings")
    recorder = {"panel": "simulated", "microphone": "file", "audio_file": sound}
    written = {"data_dir": data, "run_dir": data / "run", "models_dir": tmp_path / "models", "recorder": recorder}
    return check_settings(written, "a test")


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def tried(confinement: Confinement, *acts: tuple[str, Any]) -> list[str]:
    """What became of each act within it."""
    inside = [sys.executable, "-c", PROBE, json.dumps([(what, str(it)) for what, it in acts])]
    ended = subprocess.run(
        [*confinement.command, *inside],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
        stdin=subprocess.DEVNULL,
    )
    if "does not let it give up" in ended.stderr:
        pytest.skip(ended.stderr.strip())
    return json.loads(ended.stdout)  # type: ignore[no-any-return]


def test_asr__within_its_confinement__has_no_network_no_data_and_nowhere_to_write(
    settings: BoxSettings, tmp_path: Path, port: int
) -> None:
    asr, data = confinements(settings)["asr"], tmp_path / "data"
    secrets = ("vaults/ada/account.json", "box/record.db", "tls/key.pem", "tapes/head")
    refused = tried(
        asr,
        *(("read", data / secret) for secret in secrets),
        ("write", data / "vaults/ada/account.json"),
        ("write", tmp_path / "words.txt"),
        ("write", "/tmp/tacet-words.txt"),
        ("write", "/dev/shm/tacet-words.txt"),
    )
    assert refused == [REFUSED] * len(refused)
    assert tried(asr, ("call", port)) == ["OSError"]  # the network is not reachable
    needed = tried(asr, ("read", data / "run/tacet.toml"), ("listen", data / "run/asr.sock"), ("write", "/dev/null"))
    assert needed == [DONE] * 3


def test_recorder__within_its_confinement__sees_no_vault_and_no_network(
    settings: BoxSettings, tmp_path: Path, port: int
) -> None:
    recorder, data = confinements(settings)["recorder"], tmp_path / "data"
    secrets = ("vaults/ada/account.json", "box/record.db", "tls/key.pem")
    assert tried(recorder, *(("read", data / secret) for secret in secrets), ("call", port)) == [
        REFUSED,
        REFUSED,
        REFUSED,
        "OSError",
    ]
    needed = tried(
        recorder,
        ("write", data / "tapes/head"),
        ("write", data / "recorder/lock"),
        ("read", tmp_path / "room.wav"),
        ("listen", data / "run/recorder.sock"),
    )
    assert needed == [DONE] * 4


def test_app__within_its_confinement__opens_no_device_and_keeps_data_and_network(
    settings: BoxSettings, tmp_path: Path, port: int
) -> None:
    (tmp_path / "dev/snd").mkdir(parents=True)
    (tmp_path / "dev/snd/pcmC0D0c").write_bytes(b"sound card")
    (tmp_path / "dev/gpiochip0").write_bytes(b"pins")
    found = devices(tmp_path / "dev")
    assert {one.name for one in found} == {"snd", "gpiochip0"}
    app = Confinement("app", network=True, hidden=found)
    vault = tmp_path / "data/vaults/ada/account.json"
    acts = (("read", found[0]), ("read", found[1] / "pcmC0D0c"), ("write", vault), ("call", port))
    assert tried(app, *acts) == [REFUSED, REFUSED, DONE, DONE]
    assert confinements(settings)["app"].hidden == devices()


def test_all_but__places_to_hide__leaves_out_them_and_all_above(tmp_path: Path) -> None:
    for name in ("data/vaults", "beside"):
        (tmp_path / name).mkdir(parents=True)
    kept = all_but([tmp_path / "data/vaults"])
    assert tmp_path / "beside" in kept
    assert not {tmp_path / "data/vaults", tmp_path / "data", tmp_path, Path("/")} & set(kept)


def test_confinement__machine_lets_nothing_be_given_up__says_so_and_starts_the_process(tmp_path: Path) -> None:
    """Inside another user's restrictions: a filter that refuses both ways, as some containers have."""
    if not landlock_version():
        pytest.skip("this kernel has no Landlock, so every process says so already")
    refusing = (
        "import sys, tacet.confinement.__main__ as it\n"
        "def no(*_): raise PermissionError(1, 'Operation not permitted')\n"
        "it.leave_network = it.restrict = no\n"
        "it.main()"
    )
    arguments = ["asr", "--no-network", "--hide", str(tmp_path / "data"), "--", sys.executable, "-c", "print('runs')"]
    ended = subprocess.run(
        [sys.executable, "-c", refusing, *arguments], capture_output=True, text=True, check=True, timeout=240
    )
    assert ended.stdout == "runs\n"
    assert ended.stderr.count("does not let it give up its") == 2
