"""The page without a browser or a server: requests go straight into the app."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.testclient import TestClient
from support.web_box import NAME, PASSPHRASE, FakePipeline, FakeRecorder

from app.box.invitations import Role, read_setup_code
from app.box.record import BoxRecord
from app.settings import AppSettings
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault, Vaults
from app.web.server import create_app

OWN_PAGE = {"sec-fetch-site": "same-origin"}


class WebClient:
    """A browser that keeps cookies and follows no redirects; its requests come from the box's own page."""

    def __init__(self, folder: Path) -> None:
        self.settings = AppSettings(data_dir=folder, run_dir=folder, announce=False, requests_a_second=10_000)
        self.vaults = Vaults(folder / "vaults", cost=CHEAP_COST)
        self.record = BoxRecord.open(folder / "box")
        self.recorder = FakeRecorder()
        self.pipeline = FakePipeline()
        self.app = create_app(self.settings, self.vaults, self.record, self.recorder, self.pipeline)
        self.http = TestClient(
            self.app,
            base_url="https://tacet.local",
            headers=OWN_PAGE,
            follow_redirects=False,
            raise_server_exceptions=True,  # what reaches the server is a failed test
        )

    @property
    def tapes_dir(self) -> Path:
        return self.settings.data_dir / "tapes"

    @property
    def setup_code(self) -> str:
        return read_setup_code(self.settings.data_dir / "box") or ""

    def new_person(self, name: str = NAME) -> Vault:
        vault, _ = self.vaults.create(name, PASSPHRASE)
        return vault

    def sign_in(self, vault: Vault) -> None:
        form = {"person": vault.account.vault_id, "passphrase": PASSPHRASE}
        assert self.http.post("/signin", data=form).headers["location"] == "/today"

    def join_as_it(self, passphrase: str = PASSPHRASE) -> None:
        """Make clinic IT's account, which is signed in then."""
        code = self.app.state.desk.invitations.invite(Role.CLINIC_IT)
        form = {"code": code, "passphrase": passphrase, "again": passphrase}
        assert self.http.post("/it/join", data=form).headers["location"] == "/it"


@contextmanager
def web_client(folder: Path) -> Iterator[WebClient]:
    client = WebClient(folder)
    try:
        yield client
    finally:
        client.http.close()
        client.vaults.lock_all()
        client.record.close()
