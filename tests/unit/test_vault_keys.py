import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw

from app.vault import keys
from app.vault.errors import VaultFailed
from app.vault.keys import CHEAP_COST, DEFAULT_COST, Cost, NotOpened, Purpose, key_from_passphrase, unwrap, wrap

KEY, SECRET, SALT = bytes(range(32)), b"s" * 32, b"0123456789abcdef"
VAULT = "aa" * 16


def test_key_from_passphrase__given_parameters__is_argon2id_with_exactly_these() -> None:
    expected = hash_secret_raw(
        secret=b"open sesame", salt=SALT, time_cost=2, memory_cost=64, parallelism=1, hash_len=32, type=Type.ID
    )
    assert key_from_passphrase("open sesame", SALT, Cost(memory_kib=64, passes=2, lanes=1)) == expected


def test_key_from_passphrase__default__costs_what_the_rfc_recommends_for_small_machines() -> None:
    assert Cost(memory_kib=64 * 1024, passes=3, lanes=1) == DEFAULT_COST


def test_key_from_passphrase__same_letters_composed_otherwise__is_the_same_key() -> None:
    composed, decomposed, compatible = "caf\u00e9 \u2460", "cafe\u0301 \u2460", "cafe\u0301 1"
    made = {key_from_passphrase(one, SALT, CHEAP_COST) for one in (composed, decomposed, compatible)}
    assert len(made) == 1


def test_key_from_passphrase__half_a_surrogate_pair__is_merely_a_wrong_passphrase() -> None:
    assert len(key_from_passphrase("\ud800", SALT, CHEAP_COST)) == 32


def test_key_from_passphrase__four_at_once__run_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0
    counting = threading.Lock()

    def slow(*_: object) -> bytes:
        nonlocal running, most
        with counting:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with counting:
            running -= 1
        return KEY

    monkeypatch.setattr(keys, "hash_secret_raw", slow)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: key_from_passphrase("x", SALT, CHEAP_COST), range(4)))
    assert most == 1


def test_key_from_passphrase__no_memory__says_to_wait_and_lets_the_next_one_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> bytes:
        raise HashingError("Memory allocation error")

    with monkeypatch.context() as patch:
        patch.setattr(keys, "hash_secret_raw", refuse)
        with pytest.raises(VaultFailed, match="short of memory"):
            key_from_passphrase("x", SALT, CHEAP_COST)
    assert key_from_passphrase("x", SALT, CHEAP_COST)


def test_wrap__unwrapped_for_the_same_place__gives_the_secret_back() -> None:
    wrapped = wrap(KEY, SECRET, VAULT, Purpose.SESSION, "s1")
    assert SECRET not in wrapped
    assert unwrap(KEY, wrapped, VAULT, Purpose.SESSION, "s1") == SECRET


def test_wrap__twice__never_gives_the_same_bytes() -> None:
    assert wrap(KEY, SECRET, VAULT, Purpose.TAPE) != wrap(KEY, SECRET, VAULT, Purpose.TAPE)


@pytest.mark.parametrize(
    ("key", "vault_id", "purpose", "item"),
    [
        (bytes(32), VAULT, Purpose.SESSION, "s1"),
        (KEY, "bb" * 16, Purpose.SESSION, "s1"),
        (KEY, VAULT, Purpose.DATABASE, "s1"),
        (KEY, VAULT, Purpose.SESSION, "s2"),
    ],
    ids=["key", "vault", "purpose", "item"],
)
def test_unwrap__anything_else_than_it_was_wrapped_for__is_refused(
    key: bytes, vault_id: str, purpose: Purpose, item: str
) -> None:
    wrapped = wrap(KEY, SECRET, VAULT, Purpose.SESSION, "s1")
    with pytest.raises(NotOpened):
        unwrap(key, wrapped, vault_id, purpose, item)


def test_unwrap__any_bit_flipped_or_any_end_cut_off__is_refused() -> None:
    wrapped = wrap(KEY, SECRET, VAULT, Purpose.TAPE)
    flipped = [bytes([*wrapped[:at], wrapped[at] ^ 1, *wrapped[at + 1 :]]) for at in range(len(wrapped))]
    for changed in [*flipped, *(wrapped[:length] for length in range(len(wrapped)))]:
        with pytest.raises(NotOpened):
            unwrap(KEY, changed, VAULT, Purpose.TAPE)


def test_new_tape_key__public_half__belongs_to_the_private_one() -> None:
    private, public = keys.new_tape_key()
    assert keys.public_half(private) == public
