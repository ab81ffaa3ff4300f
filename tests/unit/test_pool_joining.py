"""A machine becomes a member over a real socket on this machine, with the code that was shown."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support.pool import Pool

from app.pool.authority import PoolAuthority
from app.pool.code import Code
from app.pool.errors import PoolAway, PoolError, PoolRefused
from app.pool.invited import WAITING_FILE, Waiting, leave
from app.pool.joining import MOST_WRONG, Invitation, join
from app.pool.membership import KEY_FILE, REVOKED_FILE, Membership, RevokedList, Role
from app.pool.seen import Standing
from app.pool.watch import Watch

WITHIN_S = 120.0


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return Pool(tmp_path / "pool")


@contextmanager
def invited(
    pool: Pool, name: str = "room-1", role: Role = Role.BOX
) -> Iterator[tuple[Invitation, list[BaseException]]]:
    """Somebody waits at the scheduler's machine; what went wrong there is in the list."""
    wrong = list[BaseException]()
    scheduler = Membership(pool.folder / "scheduler")
    invitation = Invitation(pool.authority, scheduler, name, role, ("127.0.0.1", 0))

    def wait() -> None:
        try:
            invitation.wait(WITHIN_S)
        except (PoolError, OSError) as error:
            wrong.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    try:
        yield invitation, wrong
    finally:
        invitation.end()
        waiting.join(WITHIN_S)
        assert not waiting.is_alive()


def test_join__with_the_code__makes_a_member_whose_key_never_left(pool: Pool, tmp_path: Path) -> None:
    with invited(pool) as (invitation, wrong):
        place = join(tmp_path / "box", "127.0.0.1", Code.read(invitation.code.written()), invitation.port)
    assert (place.pool, place.host, wrong) == ("clinic", "127.0.0.1", [])
    member = Membership(tmp_path / "box")
    assert (member.name(), member.place()) == ("room-1", place)
    assert (member.folder / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert RevokedList(member.folder).serials() == frozenset()


def test_join__with_a_code_that_was_used__finds_nobody(pool: Pool, tmp_path: Path) -> None:
    with invited(pool) as (invitation, _):
        join(tmp_path / "box", "127.0.0.1", invitation.code, invitation.port)
    with pytest.raises(PoolAway, match="pool invite"):
        join(tmp_path / "other", "127.0.0.1", invitation.code, invitation.port)


def test_join__with_a_wrong_secret__is_refused_and_the_right_one_still_works(pool: Pool, tmp_path: Path) -> None:
    with invited(pool) as (invitation, wrong):
        guessed = Code(invitation.code.authority, bytes(10))
        with pytest.raises(PoolRefused, match="not right"):
            join(tmp_path / "box", "127.0.0.1", guessed, invitation.port)
        assert not (tmp_path / "box").exists()
        join(tmp_path / "box", "127.0.0.1", invitation.code, invitation.port)
    assert wrong == []


def test_join__guesses_go_on__ends_the_invitation(pool: Pool, tmp_path: Path) -> None:
    with invited(pool) as (invitation, wrong):
        for number in range(MOST_WRONG):
            with pytest.raises(PoolRefused):
                join(
                    tmp_path / "box",
                    "127.0.0.1",
                    Code(invitation.code.authority, bytes([number] * 10)),
                    invitation.port,
                )
    assert "guessing" in str(wrong[0])
    assert [one.role for one in PoolAuthority(pool.folder / "authority").members] == [Role.SCHEDULER]


def test_join__at_a_machine_that_is_not_the_codes_pool__sends_it_nothing(pool: Pool, tmp_path: Path) -> None:
    with invited(pool) as (invitation, _):
        other = Code(bytes(10), invitation.code.secret)
        with pytest.raises(PoolRefused, match="not the pool"):
            join(tmp_path / "box", "127.0.0.1", other, invitation.port)


@pytest.mark.parametrize(
    "written", ["", "ABCD", "UUUU-" * 8, "0" * 33], ids=["none", "short", "no such letter", "long"]
)
def test_code__that_cannot_be_one__is_refused_before_anything_is_sent(written: str) -> None:
    with pytest.raises(PoolRefused, match="32 letters"):
        Code.read(written)


def test_code__typed_carelessly__reads_the_same(pool: Pool) -> None:
    code = Code(b"0123456789", b"abcdefghij")
    assert Code.read(code.written().lower().replace("-", " ").replace("1", "l").replace("0", "o")) == code
    assert "abcdefghij" not in repr(code)


def test_authority__a_second_init__changes_nothing(pool: Pool) -> None:
    with pytest.raises(PoolError, match="already"):
        PoolAuthority.create(pool.folder / "authority", "clinic")


def test_authority__a_name_that_is_in__is_given_again_only_after_it_was_revoked(pool: Pool) -> None:
    pool.enrol("room-1", Role.BOX)
    with pytest.raises(PoolRefused, match="member already"):
        pool.enrol("room-1", Role.BOX)
    pool.revoke("room-1")
    assert pool.enrol("room-1", Role.BOX).joined


def test_revoked_list__a_newer_one_of_the_authority__is_taken_and_no_other(pool: Pool, tmp_path: Path) -> None:
    member, stranger = pool.enrol("room-1", Role.BOX), Pool(tmp_path / "stranger")
    kept, old = RevokedList(member.folder), pool.authority.revoked_pem.decode()
    stranger.enrol("room-1", Role.BOX)
    stranger.revoke("room-1")
    assert not kept.take(stranger.authority.revoked_pem.decode())
    pool.enrol("room-2", Role.BOX)
    pool.revoke("room-2")
    assert kept.take(pool.authority.revoked_pem.decode())
    assert len(kept.serials()) == 1
    assert not kept.take(old)
    assert not kept.take("nonsense")


def test_revoked_list__missing_or_damaged__answers_no_question(pool: Pool) -> None:
    member = pool.enrol("room-1", Role.BOX)
    (member.folder / REVOKED_FILE).write_bytes(b"-----BEGIN X509 CRL-----\n")
    with pytest.raises(PoolError):
        RevokedList(member.folder).serials()
    (member.folder / REVOKED_FILE).unlink()
    with pytest.raises(PoolError):
        RevokedList(member.folder).serials()


def test_invitation__its_port_is_taken__says_so(pool: Pool) -> None:
    scheduler = Membership(pool.folder / "scheduler")
    first = Invitation(pool.authority, scheduler, "a", Role.BOX, ("127.0.0.1", 0))
    with closing(first), pytest.raises(PoolAway, match="cannot be opened"):
        Invitation(pool.authority, scheduler, "b", Role.BOX, ("127.0.0.1", first.port))


def left(tmp_path: Path, invitation: Invitation, code: Code) -> tuple[Watch, Path]:
    """A box whose provisioning has left a code."""
    leave(tmp_path / "invited", "127.0.0.1", code.written(), invitation.port)
    watch = Watch(Membership(tmp_path / "box"), "base", Waiting(tmp_path / "invited"))
    return watch, tmp_path / "invited" / WAITING_FILE


def test_code_that_was_left__while_nobody_waits__is_kept_and_tried_again(pool: Pool, tmp_path: Path) -> None:
    with invited(pool) as (invitation, _):
        pass
    watch, path = left(tmp_path, invitation, invitation.code)
    watch.look()
    assert (watch.seen.standing, watch.seen.host) == (Standing.JOINING, "127.0.0.1")
    assert "tacet pool invite" in watch.seen.sentence
    assert path.exists()


def test_code_that_was_left__that_is_not_right__is_gone_and_the_box_says_what_to_do(pool: Pool, tmp_path: Path) -> None:
    with invited(pool) as (invitation, _):
        watch, path = left(tmp_path, invitation, Code(invitation.code.authority, bytes(10)))
        watch.look()
    assert watch.seen.standing is Standing.REFUSED
    assert "Write a new code into tacet.toml." in watch.seen.sentence
    assert not path.exists()
    assert not (tmp_path / "box").exists()
