import shutil
import threading
from pathlib import Path

from models.child import bytes_in


def test_bytes_in__folders_that_come_and_go_meanwhile__counts_what_stays(tmp_path: Path) -> None:
    (tmp_path / "stays").mkdir()
    (tmp_path / "stays/model.bin").write_bytes(b"12345")
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            (tmp_path / "pip-download/deep").mkdir(parents=True)
            shutil.rmtree(tmp_path / "pip-download")

    visitor = threading.Thread(target=come_and_go)
    visitor.start()
    try:
        assert {bytes_in(tmp_path) for _ in range(2000)} == {5}
    finally:
        done.set()
        visitor.join()
