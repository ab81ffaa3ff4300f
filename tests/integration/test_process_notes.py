"""Process notes: whoever has not typed the passphrase just now comes by them in no way."""

import io
import shutil
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.vaults import PASSPHRASE, SESSION, draft, files_with

from app.client_archive import archive
from app.client_rights import erase_client
from app.drafting import Drafting
from app.export import export_text
from app.indexing import Indexer, find_lines
from app.records.people import ClientDetails
from app.review import Review
from app.vault.database import Connection, Database
from app.vault.errors import VaultDamaged, WrongPassphrase
from app.vault.keys import CHEAP_COST, NotOpened, Purpose, unwrap
from app.vault.process_notes import NotAProcessNote, Place
from app.vault.search import Narrowed
from app.vault.vault import Vault, Vaults
from app.withdrawal import Withdrawals
from tacet.backup.copying import back_up
from tacet.backup.repository import Repository
from tacet.backup.restoring import restore

CANARY = "countertransference quokka"


@pytest.fixture
def vaults(tmp_path: Path) -> Iterator[Vaults]:
    vaults = Vaults(tmp_path / "data" / "vaults", cost=CHEAP_COST)
    yield vaults
    vaults.lock_all()


@pytest.fixture
def vault(vaults: Vaults) -> Vault:
    """Ada's, with a drafted session of Zoë's and a process note on her."""
    vault, _ = vaults.create("Ada", PASSPHRASE)
    draft(vault, "How was your week?", "I slept three hours on Monday.", "Shall we try a walk?", "Yes, on Friday.")
    client = vault.clients.add(ClientDetails("Zoë"))
    vault.clients.link(SESSION, client.client_id, "Ada")
    vault.process_notes.add(_open(vaults, vault), CANARY)
    return vault


def _client_id(vault: Vault) -> str:
    return next(one.client_id for one in vault.clients.list() if one.name == "Zoë")


def _open(vaults: Vaults, vault: Vault, passphrase: str = PASSPHRASE) -> Place:
    (place,) = vaults.open_process_notes(vault.account.vault_id, [_client_id(vault)], passphrase)
    return place


def _everything_in(connection: Connection) -> str:
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return repr([connection.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in tables])  # noqa: S608  a schema's


def test_place__written_changed_and_erased__says_what_stands(vaults: Vaults, vault: Vault) -> None:
    place, notes = _open(vaults, vault), vault.process_notes
    second = notes.add(place, "a second\r\nthought ")
    assert [one.text for one in notes.read(place)] == ["a second\nthought", CANARY]
    notes.change(place, second, "another thought")
    notes.remove(place, notes.read(place)[-1].note_id)
    (left,) = notes.read(_open(vaults, vault))
    assert (left.text, left.changed_at_ms is not None) == ("another thought", True)
    with pytest.raises(NotAProcessNote):
        notes.add(place, " ")
    with pytest.raises(NotAProcessNote):
        notes.change(place, 99, "x")
    with pytest.raises(NotAProcessNote):
        notes.remove(place, 99)


def test_place__without_the_passphrase__opens_with_no_key_of_the_unlocked_vault(
    vaults: Vaults, vault: Vault, tmp_path: Path
) -> None:
    with pytest.raises(WrongPassphrase):
        _open(vaults, vault, "slow green river pebble")
    assert vault._keys is not None
    folder = tmp_path / "data" / "vaults" / vault.account.vault_id / "process"
    (wrapped,), (file,) = folder.glob("*.key"), folder.glob("*.db")
    for key in (vault._keys.vault_key, vault._keys.database_key, vault._keys.tape_key):
        with pytest.raises(NotOpened):
            unwrap(key, wrapped.read_bytes(), vault.account.vault_id, Purpose.PROCESS_PLACE, _client_id(vault))
        with pytest.raises(VaultDamaged):
            Database.open(file, key)
    assert files_with(b"quokka", tmp_path) == []


def test_note__on_a_client__is_in_no_table_draft_search_export_or_archive(vault: Vault, tmp_path: Path) -> None:
    assert CANARY not in vault._database.read(_everything_in)
    drafting = Drafting()
    assert drafting.draft_waiting(vault) == 1
    assert "quokka" not in repr([one.text for one in drafting.draft(vault, SESSION).sentences])
    Indexer(vaults=Vaults(Path("/nowhere"))).look(vault)
    assert find_lines(vault, "quokka", Narrowed()) == []
    assert find_lines(vault, "three hours", Narrowed())
    Review(vault).approve(SESSION, "Ada")
    assert "quokka" not in export_text(vault, SESSION)
    with zipfile.ZipFile(io.BytesIO(b"".join(archive(vault, _client_id(vault), tmp_path)))) as file:
        assert not [name for name in file.namelist() if b"quokka" in file.read(name)]


def test_backup__not_asked_for_them__holds_none_and_asked_for_brings_them_back(
    vaults: Vaults, vault: Vault, tmp_path: Path
) -> None:
    place, repository = _open(vaults, vault), Repository(tmp_path / "stick")
    usual = back_up(tmp_path / "data", repository, datetime(2026, 11, 26, tzinfo=UTC))
    assert not [one.path for one in usual.entries if "/process/" in one.path]
    whole = back_up(tmp_path / "data", repository, datetime(2026, 11, 27, tzinfo=UTC), with_process_notes=True)
    assert len([one.path for one in whole.entries if "/process/" in one.path]) == 2
    restore(repository, tmp_path / "new", whole.name)
    restored = Vaults(tmp_path / "new" / "vaults", cost=CHEAP_COST)
    try:
        again = restored.unlock(vault.account.vault_id, PASSPHRASE)
        assert [one.text for one in again.process_notes.read(_open(restored, again))] == [CANARY]
    finally:
        restored.lock_all()
    assert place.client_id == _client_id(vault)


def test_place__new_passphrase_or_recovery__opens_with_the_new_one_alone(vaults: Vaults) -> None:
    vault, code = vaults.create("Ben", PASSPHRASE)
    vault.clients.add(ClientDetails("Zoë"))
    vault.process_notes.add(_open(vaults, vault), CANARY)
    for passphrase in ("seven brown quiet lamps", "nine pale windy hills"):
        if passphrase.startswith("seven"):
            vaults.change_passphrase(vault.account.vault_id, PASSPHRASE, passphrase)
        else:
            vaults.recover(vault.account.vault_id, code, passphrase)
        with pytest.raises(WrongPassphrase):
            _open(vaults, vault)
        assert [one.text for one in vault.process_notes.read(_open(vaults, vault, passphrase))] == [CANARY]


def test_place__its_key_changed_or_gone__is_not_opened_as_an_empty_one(
    vaults: Vaults, vault: Vault, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "vaults" / vault.account.vault_id / "process"
    (file,) = folder.glob("*.key")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(VaultDamaged):
        _open(vaults, vault)


def test_erase_client__with_process_notes_of_merged_entries_too__leaves_no_file(
    vaults: Vaults, vault: Vault, tmp_path: Path
) -> None:
    kept, other = _client_id(vault), vault.clients.add(ClientDetails("Z. B."))
    (place,) = vaults.open_process_notes(vault.account.vault_id, [other.client_id], PASSPHRASE)
    vault.process_notes.add(place, "of the other entry")
    vault.clients.merge(other.client_id, kept)
    assert vault.keeping.entries_of(kept) == [kept, other.client_id]
    certificate = erase_client(vault, Withdrawals(tmp_path / "data" / "tapes", vaults, lambda: None), kept)
    assert certificate.counts["process notes"] == 2
    assert list((tmp_path / "data" / "vaults" / vault.account.vault_id / "process").iterdir()) == []
    shutil.rmtree(tmp_path / "data" / "vaults" / vault.account.vault_id / "process")
    assert not vault.process_notes.erase(kept)
