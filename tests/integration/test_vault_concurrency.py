from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.vaults import PASSPHRASE, SESSION, cursor, draft, head, open_vault, segment

from app.review import Review
from app.vault.errors import NotReadyForApproval, SessionApproved, VaultLocked
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault, Vaults

THREADS, EDITS = 8, 25


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with open_vault(tmp_path) as vault:
        yield vault


def test_edits__8_threads_writing_and_reading__lose_none_and_meet_no_error(vault: Vault) -> None:
    draft(vault, *["a line"] * 10)
    review = Review(vault)

    def work(thread: int) -> None:
        for number in range(EDITS):
            seq = (thread + number) % 10
            review.edit(SESSION, seq, f"thread {thread} edit {number}", f"author {thread}")
            line = review.transcript(SESSION)[seq]
            assert line.text.startswith("thread ")
            assert vault.sessions.list()[0].words == 20

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    kept = [edit for seq in range(10) for edit in vault.sessions.edit_history(SESSION, seq)]
    assert {edit.text for edit in kept} == {
        f"thread {thread} edit {number}" for thread in range(THREADS) for number in range(EDITS)
    }
    assert len({edit.edit_id for edit in kept}) == len(kept) == THREADS * EDITS


def test_append_segments__two_transcriptions_at_once__store_each_span_once(vault: Vault) -> None:
    vault.sessions.add(head())

    def transcribe(_: int) -> None:
        for number in range(20):
            vault.sessions.append_segments(SESSION, [segment(number)], cursor(number + 1))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(transcribe, range(2)))
    assert [one.seq for one in vault.sessions.segments(SESSION)] == list(range(20))


def test_approve__edits_keep_coming__binds_what_stands_and_stops_them(vault: Vault) -> None:
    draft(vault, *["a line"] * 50)
    review = Review(vault)

    def edit(thread: int) -> int:
        for number in range(10_000):
            try:
                review.edit(SESSION, number % 50, f"thread {thread} edit {number}", "Ada")
            except SessionApproved:
                return number
        raise AssertionError("no approval stopped the edits")

    with ThreadPoolExecutor(4) as pool:
        edits = [pool.submit(edit, thread) for thread in range(4)]
        while not vault.sessions.edits(SESSION):
            pass
        review.approve(SESSION, "Ada")
        written = sum(one.result() for one in edits)
    kept = [edit for seq in range(50) for edit in vault.sessions.edit_history(SESSION, seq)]
    assert len(kept) == written
    assert review.verify(SESSION)


def test_approve__8_at_once__is_given_once(vault: Vault) -> None:
    draft(vault, "a line")

    def attempt(thread: int) -> bool:
        try:
            Review(vault).approve(SESSION, f"author {thread}")
        except NotReadyForApproval:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert len(vault.approvals.history(SESSION)) == 1


def test_lock__8_threads_at_work__ends_them_with_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    vaults = Vaults(tmp_path / "vaults", cost=CHEAP_COST)
    vault, _ = vaults.create("Ada", PASSPHRASE)
    vault_id = vault.account.vault_id
    draft(vault, "a line")

    def work(thread: int) -> list[str]:
        done = []
        try:
            for number in range(10_000):
                vault.sessions.add_edit(SESSION, 0, f"{thread} {number}", "Ada")
                done.append(f"{thread} {number}")
        except VaultLocked:
            pass
        return done

    with ThreadPoolExecutor(8) as pool:
        working = [pool.submit(work, thread) for thread in range(8)]
        while len(vault.sessions.edit_history(SESSION, 0)) < 20:
            pass
        vaults.lock(vault_id)
        acknowledged = {text for one in working for text in one.result(10)}
    reopened = vaults.unlock(vault_id, PASSPHRASE)
    assert {edit.text for edit in reopened.sessions.edit_history(SESSION, 0)} == acknowledged
    vaults.lock_all()


def test_unlock__8_browsers_at_once__share_one_vault(tmp_path: Path) -> None:
    vaults = Vaults(tmp_path / "vaults", cost=CHEAP_COST)
    vault_id = vaults.create("Ada", PASSPHRASE)[0].account.vault_id
    vaults.lock_all()
    with ThreadPoolExecutor(8) as pool:
        opened = set(pool.map(lambda _: vaults.unlock(vault_id, PASSPHRASE), range(8)))
    assert vaults.unlocked() == list(opened)
    vaults.lock_all()
