import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

from support.front_page import front_page
from support.ports import free_port
from support.waiting import wait_until


def start_app(folder: Path, port: int) -> subprocess.Popen[str]:
    config = folder / "tacet.toml"
    config.write_text(
        f'data_dir = "{folder}/data"\nrun_dir = "{folder}"\nmodels_dir = "{folder}"\n'
        f'[app]\nhost = "127.0.0.1"\nport = {port}\nannounce = false\n'
    )
    return subprocess.Popen(
        [sys.executable, "-m", "tacet", "app", "--config", str(config)], stderr=subprocess.PIPE, text=True
    )


def test_app__a_request_over_its_own_certificate__serves_the_set_up_page(tmp_path: Path) -> None:
    port = free_port()
    app = start_app(tmp_path, port)
    try:
        wait_until(lambda: "Set up this box" in front_page(tmp_path / "data", port), 120, "for the page")
    finally:
        app.terminate()
        app.communicate(timeout=120)


def test_app__told_to_end__drops_its_keys_and_leaves(tmp_path: Path) -> None:
    port = free_port()
    app = start_app(tmp_path, port)
    wait_until(lambda: front_page(tmp_path / "data", port), 120, "for the page")
    app.send_signal(signal.SIGTERM)
    _, said = app.communicate(timeout=120)
    assert app.returncode == 0
    assert "keys dropped" in said


def test_app__its_port_taken__says_so_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        app = start_app(tmp_path, taken.getsockname()[1])
        _, said = app.communicate(timeout=120)
    assert app.returncode == 1
    assert said.count("\n") == 1
    assert "port" in said


def test_app__running__may_leave_no_core_dump(tmp_path: Path) -> None:
    port = free_port()
    app = start_app(tmp_path, port)
    try:
        wait_until(lambda: front_page(tmp_path / "data", port), 120, "for the page")
        (limit,) = re.findall(r"Max core file size +(\S+) +(\S+)", Path(f"/proc/{app.pid}/limits").read_text())
        assert limit == ("0", "0")
    finally:
        app.terminate()
        app.communicate(timeout=120)
