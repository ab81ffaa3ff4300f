import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from faults.program import answer_of
from support.vaults import PASSPHRASE, SESSION, draft, files_with

from app.vault import account_file, keyring
from app.vault.account import create_account, list_accounts
from app.vault.credentials import check_passphrase
from app.vault.errors import (
    InvalidName,
    NoSuchVault,
    VaultDamaged,
    VaultError,
    VaultLocked,
    WeakPassphrase,
    WrongPassphrase,
    WrongRecoveryCode,
)
from app.vault.keys import CHEAP_COST, DEFAULT_COST, Cost
from app.vault.vault import Vault, Vaults
from firmware.tape import Recipient


@pytest.fixture
def vaults_dir(tmp_path: Path) -> Path:
    return tmp_path / "vaults"


@pytest.fixture
def vaults(vaults_dir: Path) -> Any:
    vaults = Vaults(vaults_dir, cost=CHEAP_COST)
    yield vaults
    vaults.lock_all()


def change(file: Path, **fields: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def test_create_account__name_and_passphrase__make_a_vault_that_opens(vaults_dir: Path) -> None:
    account, _ = create_account(vaults_dir, "Dr. Ada Example", PASSPHRASE, cost=CHEAP_COST)
    assert list_accounts(vaults_dir) == [account]
    vault = Vault.unlock(vaults_dir / account.vault_id, PASSPHRASE)
    assert vault.account == account
    assert vault.sessions.list() == []
    vault.lock()


def test_create_account__key_id__is_what_the_recorder_calls_the_same_key(vaults_dir: Path) -> None:
    account, _ = create_account(vaults_dir, "Ada", PASSPHRASE, cost=CHEAP_COST)
    assert account.key_id == Recipient(account.public_key).key_id


def test_create_account__cost_not_named__is_the_full_one_and_is_stored(vaults_dir: Path) -> None:
    account, _ = create_account(vaults_dir, "Ada", PASSPHRASE)
    stored = account_file.read_account_file(vaults_dir / account.vault_id)
    assert stored.passphrase.cost == DEFAULT_COST == Cost(65536, 3, 1)


def test_create_account__files__are_readable_by_the_box_alone(vaults_dir: Path) -> None:
    account, _ = create_account(vaults_dir, "Ada", PASSPHRASE, cost=CHEAP_COST)
    vault = Vault.unlock(vaults_dir / account.vault_id, PASSPHRASE)
    vault.keep_session_key(SESSION, b"k" * 32)
    modes = {path.name: path.stat().st_mode & 0o777 for path in [vaults_dir, *vaults_dir.rglob("*")]}
    vault.lock()
    folders = {vaults_dir.name, account.vault_id, "keys"}
    assert {name for name, mode in modes.items() if mode != (0o700 if name in folders else 0o600)} == set()
    assert "vault.db-wal" in modes


def test_create_account__weak_passphrase_or_bad_name__makes_nothing(vaults_dir: Path) -> None:
    with pytest.raises(WeakPassphrase):
        create_account(vaults_dir, "Ada", "short", cost=CHEAP_COST)
    with pytest.raises(InvalidName):
        create_account(vaults_dir, " ", PASSPHRASE, cost=CHEAP_COST)
    assert list_accounts(vaults_dir) == []


def test_create_account__same_name_eight_times_at_once__is_made_once(vaults_dir: Path) -> None:
    def attempt(_: int) -> bool:
        try:
            create_account(vaults_dir, "Ada", PASSPHRASE, cost=CHEAP_COST)
        except InvalidName:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert [account.name for account in list_accounts(vaults_dir)] == ["Ada"]


def test_create_account__killed_at_each_of_its_steps__leaves_no_vault_or_a_whole_one(vaults_dir: Path) -> None:
    found = answer_of("support.killed_creation", vaults_dir)
    assert found["killed"] >= 10
    assert found["whole"] >= 1
    create_account(vaults_dir, "Ada", PASSPHRASE, cost=CHEAP_COST)
    assert not list(vaults_dir.glob(".half-made-*"))


def test_create_account__vaults_folder_is_a_file__says_so_in_a_sentence(vaults_dir: Path) -> None:
    vaults_dir.write_text("in the way")
    with pytest.raises(VaultError, match=r"refused to write \(E"):
        create_account(vaults_dir, "Ada", PASSPHRASE, cost=CHEAP_COST)


def test_list_accounts__no_folder_yet__is_empty(vaults_dir: Path) -> None:
    assert list_accounts(vaults_dir) == []


def test_list_accounts__one_is_damaged__still_lists_the_others_by_name(vaults_dir: Path) -> None:
    for name in ("bob", "Ada", "Cleo"):
        create_account(vaults_dir, name, PASSPHRASE, cost=CHEAP_COST)
    bob = next(account for account in list_accounts(vaults_dir) if account.name == "bob")
    (vaults_dir / bob.vault_id / "account.json").write_text("{}")
    assert [account.name for account in list_accounts(vaults_dir)] == ["Ada", "Cleo"]
    with pytest.raises(VaultDamaged, match="account file of vault"):
        Vault.unlock(vaults_dir / bob.vault_id, PASSPHRASE)


def test_unlock__wrong_passphrase__is_refused_and_the_right_one_still_opens(vaults: Vaults) -> None:
    vault_id = vaults.create("Ada", PASSPHRASE)[0].account.vault_id
    vaults.lock(vault_id)
    for wrong in ("", PASSPHRASE + " ", PASSPHRASE.upper(), "\ud800", "x" * 5000):
        with pytest.raises(WrongPassphrase, match="Try again"):
            vaults.unlock(vault_id, wrong)
    assert vaults.get(vault_id) is None
    assert vaults.unlock(vault_id, PASSPHRASE) is vaults.get(vault_id)


def test_unlock__open_already__proves_the_passphrase_and_gives_the_same_vault(vaults: Vaults) -> None:
    vault, _ = vaults.create("Ada", PASSPHRASE)
    assert vaults.unlock(vault.account.vault_id, PASSPHRASE) is vault
    with pytest.raises(WrongPassphrase):
        vaults.unlock(vault.account.vault_id, "some other words here")
    assert vaults.unlocked() == [vault]


@pytest.mark.parametrize("vault_id", ["../../etc", "", "0" * 32, "0" * 31, "G" * 32, "0" * 32 + "\n"])
def test_unlock__no_such_vault__says_so_and_looks_nowhere_else(vaults: Vaults, vault_id: str) -> None:
    with pytest.raises(NoSuchVault):
        vaults.unlock(vault_id, PASSPHRASE)


def test_unlock__another_therapists_passphrase__opens_nothing(vaults: Vaults) -> None:
    ada, _ = vaults.create("Ada", PASSPHRASE)
    bob, code = vaults.create("Bob", "another long passphrase")
    vaults.lock_all()
    with pytest.raises(WrongPassphrase):
        vaults.unlock(ada.account.vault_id, "another long passphrase")
    with pytest.raises(WrongRecoveryCode, match="another vault"):
        vaults.recover(ada.account.vault_id, code, PASSPHRASE)
    assert vaults.unlock(bob.account.vault_id, "another long passphrase").account.name == "Bob"


def test_unlock__files_of_another_vault_put_in_its_place__are_refused(vaults: Vaults, vaults_dir: Path) -> None:
    ada, _ = vaults.create("Ada", PASSPHRASE)
    bob, _ = vaults.create("Bob", PASSPHRASE)
    vaults.lock_all()
    theirs, foreign = (vaults_dir / one.account.vault_id for one in (ada, bob))
    (theirs / "vault.db").write_bytes((foreign / "vault.db").read_bytes())
    with pytest.raises(VaultDamaged):
        vaults.unlock(ada.account.vault_id, PASSPHRASE)
    stolen = json.loads((foreign / "account.json").read_text()) | {"vault_id": ada.account.vault_id}
    (theirs / "account.json").write_text(json.dumps(stolen))
    with pytest.raises(WrongPassphrase):
        vaults.unlock(ada.account.vault_id, PASSPHRASE)


def test_unlock__public_key_was_exchanged__is_refused_before_anybody_seals_to_it(
    vaults: Vaults, vaults_dir: Path
) -> None:
    vault_id = vaults.create("Ada", PASSPHRASE)[0].account.vault_id
    vaults.lock_all()
    change(vaults_dir / vault_id / "account.json", public_key="00" * 32)
    with pytest.raises(VaultDamaged, match="changed or damaged"):
        vaults.unlock(vault_id, PASSPHRASE)


@pytest.mark.parametrize(
    "fields", [{"format": 2}, {"extra": 1}, {"public_key": "zz"}, {"passphrase": {"memory_kib": 1 << 40}}]
)
def test_unlock__account_file_says_what_it_should_not__is_refused(
    vaults: Vaults, vaults_dir: Path, fields: dict[str, object]
) -> None:
    vault_id = vaults.create("Ada", PASSPHRASE)[0].account.vault_id
    vaults.lock_all()
    change(vaults_dir / vault_id / "account.json", **fields)
    with pytest.raises(VaultDamaged, match="restore the account file"):
        vaults.unlock(vault_id, PASSPHRASE)


def test_recover__code_as_written_down__sets_a_new_passphrase_and_keeps_everything(vaults: Vaults) -> None:
    vault, code = vaults.create("Ada", PASSPHRASE)
    vault_id = vault.account.vault_id
    draft(vault, "what was said")
    vault.keep_session_key(SESSION, b"k" * 32)
    vaults.lock_all()
    recovered = vaults.recover(vault_id, f" {code.lower().replace('-', ' ')} ", "a new passphrase")
    assert recovered.sessions.segments(SESSION)[0].text == "what was said"
    assert recovered.session_key(SESSION) == b"k" * 32
    vaults.lock_all()
    with pytest.raises(WrongPassphrase):
        vaults.unlock(vault_id, PASSPHRASE)
    assert vaults.unlock(vault_id, "a new passphrase").account == vault.account
    vaults.lock_all()
    vaults.recover(vault_id, code, PASSPHRASE)  # the code on paper stays good


def test_recover__weak_passphrase_or_wrong_code__changes_nothing(vaults: Vaults, vaults_dir: Path) -> None:
    vault, code = vaults.create("Ada", PASSPHRASE)
    vault_id = vault.account.vault_id
    before = (vaults_dir / vault_id / "account.json").read_bytes()
    with pytest.raises(WeakPassphrase):
        vaults.recover(vault_id, code, "short")
    with pytest.raises(WrongRecoveryCode, match="typing mistake"):
        vaults.recover(vault_id, code[:-1] + ("0" if code[-1] != "0" else "1"), "a new passphrase")
    assert (vaults_dir / vault_id / "account.json").read_bytes() == before


def test_recover__vault_folder_alone__opens_it_too(vaults: Vaults, vaults_dir: Path) -> None:
    vault, code = vaults.create("Ada", PASSPHRASE)
    vaults.lock_all()
    recovered = Vault.recover(vaults_dir / vault.account.vault_id, code, "a new passphrase", cost=CHEAP_COST)
    recovered.lock()
    assert vaults.unlock(vault.account.vault_id, "a new passphrase")


def test_account_file__secrets_of_the_vault__stand_nowhere_in_clear(vaults: Vaults, vaults_dir: Path) -> None:
    vault, code = vaults.create("Ada", PASSPHRASE)
    keys = vault._keys
    assert keys is not None
    for secret in (keys.vault_key, keys.database_key, keys.tape_key):
        assert files_with(secret, vaults_dir) == []
        assert files_with(secret.hex().encode(), vaults_dir) == []
    for words in (PASSPHRASE, code, code.replace("-", "")):
        assert files_with(words.encode(), vaults_dir) == []
    assert files_with(vault.account.public_key.hex().encode(), vaults_dir) == ["account.json"]


def test_vault__printed__shows_no_key(vaults: Vaults, vaults_dir: Path) -> None:
    vault, _ = vaults.create("Ada", PASSPHRASE)
    keys = vault._keys
    assert keys is not None
    shown = f"{vault!r} {vars(vault)!r} {account_file.read_account_file(vaults_dir / vault.account.vault_id)!r}"
    for secret in (keys.vault_key, keys.database_key, keys.tape_key):
        assert secret.hex() not in shown
        assert repr(secret) not in shown


def test_lock__afterwards__everything_says_that_the_vault_is_locked(vaults: Vaults) -> None:
    vault, _ = vaults.create("Ada", PASSPHRASE)
    draft(vault, "what was said")
    vaults.lock(vault.account.vault_id)
    vaults.lock(vault.account.vault_id)
    vault.lock()
    assert vaults.unlocked() == []
    for use in (
        vault.sessions.list,
        lambda: vault.sessions.update_length(SESSION, 1),
        lambda: vault.session_key(SESSION),
        lambda: vault.keep_session_key(SESSION, b"k" * 32),
    ):
        with pytest.raises(VaultLocked, match="Sign in again"):
            use()


def test_write_account_file__storage_refuses__keeps_the_old_one(
    vaults: Vaults, vaults_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, code = vaults.create("Ada", PASSPHRASE)
    vaults.lock_all()

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(VaultError, match="storage is full"):
            vaults.recover(vault.account.vault_id, code, "a new passphrase")
    assert vaults.unlock(vault.account.vault_id, PASSPHRASE)
    assert sorted(path.name for path in (vaults_dir / vault.account.vault_id).glob(".*")) == []


def test_keyring__new_passphrase__leaves_the_data_keys_alone(vaults: Vaults, vaults_dir: Path) -> None:
    vault, _ = vaults.create("Ada", PASSPHRASE)
    stored = account_file.read_account_file(vaults_dir / vault.account.vault_id)
    assert vault._keys is not None
    check_passphrase("a new passphrase")
    renewed = keyring.with_new_passphrase(stored, vault._keys, b"7" * 32, "a new passphrase", CHEAP_COST)
    assert renewed.database_key == stored.database_key
    assert keyring.open_with_passphrase(renewed, "a new passphrase") == vault._keys
