from pathlib import Path

from app.box.invitations import HOLDS_S, Invitations, Role, read_setup_code


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


def test_first_code__until_somebody_is_there__stays_the_same_also_after_a_restart(tmp_path: Path) -> None:
    code = Invitations(tmp_path).first_code()
    assert Invitations(tmp_path).first_code() == code == read_setup_code(tmp_path)
    assert Invitations(tmp_path).role_of(f" {code.lower().replace('-', ' ')} ") is Role.THERAPIST
    assert (tmp_path / "setup-code").stat().st_mode & 0o777 == 0o600


def test_first_code__two_boxes__have_two(tmp_path: Path) -> None:
    assert Invitations(tmp_path / "a").first_code() != Invitations(tmp_path / "b").first_code()


def test_first_code__spent__works_no_more_and_stands_nowhere(tmp_path: Path) -> None:
    invitations = Invitations(tmp_path)
    code = invitations.first_code()
    invitations.spend(code)
    assert invitations.role_of(code) is None
    assert read_setup_code(tmp_path) is None


def test_invitation__within_its_day__works_once_and_stands_nowhere_in_clear(tmp_path: Path) -> None:
    invitations = Invitations(tmp_path)
    code, other = invitations.invite(Role.THERAPIST), invitations.invite(Role.CLINIC_IT)
    assert Invitations(tmp_path).role_of(code.replace("0", "o").replace("1", "l")) is Role.THERAPIST
    for path in tmp_path.iterdir():
        assert code.encode() not in path.read_bytes()
    invitations.spend(code)
    assert invitations.role_of(code) is None
    assert invitations.role_of(other) is Role.CLINIC_IT


def test_invitation__a_day_later__is_too_old_also_when_the_clock_was_set_back(tmp_path: Path) -> None:
    clock = Clock()
    invitations = Invitations(tmp_path, clock)
    code = invitations.invite(Role.THERAPIST)
    clock.now_s += HOLDS_S + 1
    assert invitations.role_of(code) is None
    clock.now_s -= 3 * HOLDS_S
    assert invitations.role_of(code) is None


def test_invitations__their_file_damaged__let_nobody_in(tmp_path: Path) -> None:
    invitations = Invitations(tmp_path)
    code = invitations.invite(Role.THERAPIST)
    for damage in (b"", b"{}", b'[{"digest": 1}]', b"\xff\xfe", b"[1]"):
        (tmp_path / "invitations.json").write_bytes(damage)
        assert invitations.role_of(code) is None
        assert invitations.role_of("") is None
