"""Backups carried to a server over SFTP, by OpenSSH's own client, to a real server in this process."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import pytest

from app.backup_state import Stage
from tacet.backup.carrying import KEY_FILE
from tacet.backup.repository import Repository
from tacet.backup.restoring import restore
from tacet.backup.scheduled import Scheduled
from tacet.config.sections import BackupSection

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Server:
    """Takes whoever shows the box's key, and gives them one folder."""

    def __init__(self, root: Path, allowed: Path) -> None:
        self._root = root
        self._allowed = allowed
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.port = 0
        self._ended = asyncio.Event()
        self._ready: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def start(self) -> None:
        self._thread.start()
        self._loop = self._ready.result(60)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(60)

    @property
    def host_key(self) -> str:
        return self.key.export_public_key().decode().strip()

    async def _serve(self) -> None:
        def allowed(_: object) -> str | None:
            return str(self._allowed) if self._allowed.is_file() else None

        class Access(asyncssh.SSHServer):
            def begin_auth(self, _username: str) -> bool:
                return True

            def public_key_auth_supported(self) -> bool:
                return True

            def validate_public_key(self, _username: str, key: asyncssh.SSHKey) -> bool:
                kept = allowed(None)
                return kept is not None and asyncssh.read_public_key(kept) == key

        def chrooted(channel: asyncssh.SSHServerChannel) -> asyncssh.SFTPServer:
            return asyncssh.SFTPServer(channel, chroot=str(self._root))

        listener = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[self.key], server_factory=Access, sftp_factory=chrooted
        )
        self.port = listener.get_port()
        self._ready.set_result(asyncio.get_running_loop())
        await self._ended.wait()
        listener.close()
        await listener.wait_closed()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data/tapes").mkdir(parents=True)
    (tmp_path / "data/tapes/one").write_bytes(b"sealed one")
    vault = tmp_path / "data/vaults" / ("a" * 32)  # a box without one makes no backups
    vault.mkdir(parents=True)
    (vault / "account.json").write_bytes(b"{}")
    (tmp_path / "stick").mkdir()
    return tmp_path / "data"


@pytest.fixture
def server(tmp_path: Path, data: Path) -> Iterator[Server]:
    (tmp_path / "nas").mkdir()
    server = Server(tmp_path / "nas", data / f"backup/{KEY_FILE}.pub")
    server.start()
    try:
        yield server
    finally:
        server.stop()


def scheduled(data: Path, server: Server, host_key: str = "") -> Scheduled:
    target = f"backup@127.0.0.1:{server.port}/tacet box"
    section = BackupSection(
        to=data.parent / "stick", horizon_days=7, sftp=target, sftp_host_key=host_key or server.host_key
    )
    return Scheduled(data, section)


def test_carried__to_a_server__can_be_restored_from_there_and_forgets_after_the_horizon(
    data: Path, server: Server, tmp_path: Path
) -> None:
    box, there = scheduled(data, server), tmp_path / "nas/tacet box"
    box.make_one(NOW)
    assert box.state.problem == ""
    restore(Repository(there), tmp_path / "new")
    assert (tmp_path / "new/tapes/one").read_bytes() == b"sealed one"
    (data / "tapes/one").unlink()
    (data / "tapes/two").write_bytes(b"sealed two")
    box.make_one(NOW + timedelta(days=8))
    box.make_one(NOW + timedelta(days=16))
    assert box.state.stage is Stage.DONE
    assert Repository(there).snapshots() == Repository(tmp_path / "stick").snapshots()
    kept = [path.read_bytes() for path in there.glob("objects/*/*")]
    assert b"sealed two" in kept
    assert b"sealed one" not in kept


def test_carried__server_shows_another_key__gets_nothing(data: Path, server: Server, tmp_path: Path) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    box = scheduled(data, server, stranger)
    box.make_one(NOW)
    assert box.state.stage is Stage.FAILED
    assert "could not be carried to the server" in box.state.problem
    assert not any((tmp_path / "nas").iterdir())
    assert Repository(tmp_path / "stick").snapshots()  # the backup itself is there


def test_carried__upload_was_cut_off__goes_on_the_next_time(data: Path, server: Server, tmp_path: Path) -> None:
    box, there = scheduled(data, server), tmp_path / "nas/tacet box"
    box.make_one(NOW)
    for path in [*there.glob("objects/*/*"), *there.glob("snapshots/*")]:
        path.unlink()
    (there / ".draft").write_bytes(b"half of")
    box.make_one(NOW + timedelta(days=1))
    assert box.state.problem == ""
    restore(Repository(there), tmp_path / "new")
    assert (tmp_path / "new/tapes/one").read_bytes() == b"sealed one"
