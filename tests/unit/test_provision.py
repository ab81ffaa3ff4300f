import json
import re
import stat
from pathlib import Path

import pytest
from support.canary import files_with_canary
from support.provisioned_box import ProvisionedBox

from app.box.invitations import Invitations, Role
from app.pool.invited import WAITING_FILE
from tacet.config.check import check_text
from tacet.config.sections import NetworkSection
from tacet.provision.console import console_text
from tacet.provision.identity import box_id, own_name
from tacet.provision.network_file import network_file
from tacet.provision.provision import Provisioned
from tacet.settings import load_settings

GOOD = '[box]\nname = "tacet-room-3"\ntime_zone = "Europe/Berlin"\n[recorder]\nchannels = 2\n'
BROKEN = '[box]\nname = "Room 3"\n'


class Box(ProvisionedBox):
    @property
    def effective(self) -> Path:
        return self.places.effective / "tacet.toml"


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_provision__a_good_file__reaches_every_process_the_network_and_the_name(box: Box) -> None:
    done = box.starts_with(GOOD)
    settings = load_settings(box.effective)
    assert done == Provisioned("tacet-room-3", ())
    assert (settings.app.name, settings.app.port, settings.recorder.channels) == ("tacet-room-3", 443, 2)
    assert settings.recorder.configuration_problem is None
    assert (box.places.etc / "hostname").read_text() == "tacet-room-3\n"
    assert (box.places.etc / "localtime").readlink() == Path("/usr/share/zoneinfo/Europe/Berlin")
    assert box.commands == [["hostnamectl", "--transient", "set-hostname", "tacet-room-3"]]
    assert stat.S_IMODE(box.effective.stat().st_mode) == 0o644


def test_provision__an_empty_file__gives_the_box_a_name_of_its_own_that_stays(box: Box, tmp_path: Path) -> None:
    name = box.starts_with("").name
    assert name.startswith("tacet-")
    assert box.starts_with("").name == name
    (tmp_path / "other").mkdir()
    assert box_id(tmp_path / "other") != box_id(box.places.identity)


def test_provision__a_broken_file__keeps_the_last_good_one_and_lets_the_light_tell(box: Box) -> None:
    box.starts_with(GOOD)
    done = box.starts_with(BROKEN)
    settings = load_settings(box.effective)
    assert [problem.line for problem in done.problems] == [2]
    assert settings.app.name == "tacet-room-3"
    assert settings.recorder.configuration_problem is not None
    assert "line 2: [box] name" in settings.recorder.configuration_problem
    assert settings.app.configuration_problem == settings.recorder.configuration_problem
    assert "line 2" in console_text(settings)


def test_provision__a_broken_file_at_the_first_start__serves_the_page_under_its_own_name(box: Box) -> None:
    done = box.starts_with(BROKEN)
    assert done.name == own_name(box_id(box.places.identity))
    assert load_settings(box.effective).recorder.configuration_problem is not None


def test_provision__a_file_that_was_mended__is_taken_in_again(box: Box) -> None:
    box.starts_with(BROKEN)
    box.starts_with(GOOD)
    assert load_settings(box.effective).recorder.configuration_problem is None


def test_provision__no_file__says_so_and_goes_on(box: Box) -> None:
    done = box.starts_with(None)
    assert "not on the boot partition" in done.problems[0].sentence


def test_box_id__a_damaged_file__is_born_again(tmp_path: Path) -> None:
    (tmp_path / "box-id").write_bytes(b"\xff\x00")
    number = box_id(tmp_path)
    assert len(number) == 16
    assert box_id(tmp_path) == number


def test_network_file__static__says_all_of_it() -> None:
    network = NetworkSection.model_validate(
        {"method": "static", "address": "192.168.7.20/24", "gateway": "192.168.7.1", "dns": ["192.168.7.1"]}
    )
    assert network_file(network).splitlines() == [
        "[Match]",
        "Type=ether",
        "",
        "[Network]",
        "DHCP=no",
        "Address=192.168.7.20/24",
        "IPv6AcceptRA=no",
        "Gateway=192.168.7.1",
        "DNS=192.168.7.1",
    ]


def test_network_file__nothing_said__is_dhcp_on_every_wire() -> None:
    assert "DHCP=yes" in network_file(NetworkSection())
    assert "Name=enp1s0" in network_file(NetworkSection(interface="enp1s0"))


def test_network__a_value_with_a_line_end__cannot_reach_the_networks_file() -> None:
    for line in ('interface = "eth0\\n[Route]"', 'time_servers = ["a.b\\n[Route]"]'):
        assert check_text(f"[network]\n{line}\n")[1] != ()


def test_console__a_box_that_nobody_has_set_up__shows_its_address_and_the_code(box: Box, tmp_path: Path) -> None:
    box.starts_with(f'data_dir = "{tmp_path}"\n{GOOD}')
    settings = load_settings(box.effective)
    assert "Code for" not in console_text(settings)
    code = Invitations(tmp_path / "box").first_code()
    shown = console_text(settings)
    assert code in shown
    assert "https://tacet-room-3.local/" in shown


CODE = "7K3M-0Q8V-5N2P-R9WX-7K3M-0Q8V-5N2P-R9WX"
POOL = f'[pool]\naddress = "192.168.7.5"  # strong-1\ncode = "{CODE}"  # of Monday\n[box]\nname = "tacet-room-3"\n'


def test_provision__a_pools_code__is_left_for_the_link_and_stands_nowhere_else(box: Box) -> None:
    assert box.starts_with(POOL) == Provisioned("tacet-room-3", ())
    left = json.loads((box.places.invited / WAITING_FILE).read_bytes())
    assert left == {"host": "192.168.7.5", "code": CODE, "port": 8792}
    (box.places.invited / WAITING_FILE).unlink()
    assert files_with_canary(box.root, CODE.encode()) == []
    mended = (box.places.boot / "tacet.toml").read_text()
    assert len(mended) == len(POOL)
    assert re.sub(r'"taken in +"', f'"{CODE}"', mended) == POOL
    pool = load_settings(box.effective).pool
    assert (str(pool.address), pool.code_to_redeem) == ("192.168.7.5", "")
    assert check_text(mended)[1] == ()


def test_provision__a_code_that_was_taken_in__is_not_left_again(box: Box) -> None:
    box.starts_with(POOL)
    (box.places.invited / WAITING_FILE).unlink()
    assert box.starts_with(None) == Provisioned("tacet-room-3", ())
    assert not (box.places.invited / WAITING_FILE).exists()


def test_provision__a_code_that_cannot_be_found_in_the_file__is_not_taken_in(box: Box) -> None:
    done = box.starts_with(POOL.replace("0Q8V", "0Q8\\u0056", 1))
    assert [(problem.line, problem.setting) for problem in done.problems] == [(3, "[pool] code")]
    assert not (box.places.invited / WAITING_FILE).exists()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (f'[pool]\ncode = "{CODE}"\n', 1, "code needs address"),
        ('[pool]\naddress = "192.168.7.5"\ncode = "7K3M"\n', 3, "32 letters and digits"),
        ('[pool]\n\naddress = "strong-1"\n', 3, "[pool] address"),
        ('[pool]\nadress = "192.168.7.5"\n', 2, "address"),
    ],
    ids=["no address", "no code", "a name", "a slip"],
)
def test_config__a_pool_that_cannot_be__is_told_with_its_line_and_without_the_code(
    text: str, line: int, words: str
) -> None:
    (problem,) = check_text(text)[1]
    assert problem.line == line
    assert words in str(problem)
    assert CODE not in str(problem)


IT_CODE = "K7Q2-M9XD-4RTB-W3PZ"


def test_provision__clinic_its_code__is_taken_in_once_and_stands_nowhere_in_clear(box: Box, tmp_path: Path) -> None:
    text = f'[box]\nname = "tacet-room-3"\nit_code = "{IT_CODE}" # for us\n'
    assert box.starts_with(text).problems == ()
    assert files_with_canary(tmp_path, IT_CODE.encode()) == []
    wiped = (box.places.boot / "tacet.toml").read_text()
    assert len(wiped) == len(text)
    assert wiped.endswith("# for us\n")
    invitations = Invitations(tmp_path / "box", identity=box.places.identity)
    first = invitations.first_code()
    assert invitations.role_of(IT_CODE.lower()) is Role.CLINIC_IT
    invitations.spend(IT_CODE)
    assert invitations.role_of(IT_CODE) is None
    assert invitations.role_of(first) is Role.THERAPIST  # nobody has set the box up yet
    assert box.starts_with(None).problems == ()  # the wiped file, at the next start
    assert Invitations(tmp_path / "box", identity=box.places.identity).role_of(IT_CODE) is None


def test_provision__another_code_of_clinic_its__makes_the_account_anew(box: Box, tmp_path: Path) -> None:
    for code in (IT_CODE, IT_CODE[::-1]):
        box.starts_with(f'[box]\nit_code = "{code}"\n')
        invitations = Invitations(tmp_path / "box", identity=box.places.identity)
        assert invitations.role_of(code) is Role.CLINIC_IT
        invitations.spend(code)


@pytest.mark.parametrize("code", ["brief", "1234-5678-9012-345"])
def test_provision__a_code_that_can_be_guessed__is_named_with_its_line(code: str) -> None:
    (problem,) = check_text(f'[box]\nit_code = "{code}"\n')[1]
    assert (problem.line, problem.setting) == (2, "[box] it_code")
    assert code not in str(problem)
