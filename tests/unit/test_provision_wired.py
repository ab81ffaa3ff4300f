"""The clinic's files for 802.1X, from the boot partition to what wpa_supplicant reads."""

import json
import stat
from pathlib import Path

import pytest
from support.canary import files_with_canary
from support.provisioned_box import ProvisionedBox
from support.wired_papers import PASSPHRASE, Paper, paper

from tacet.__main__ import main
from tacet.provision.network_file import wired_ports
from tacet.provision.provision import Provisioned
from tacet.settings import load_settings

AUTHORITY = paper("clinic authority")
OWN = paper("tacet-room-3", AUTHORITY)
PASSWORD = "amber lighthouse 47"
TLS = """\
# EAP-TLS, as the clinic's switches ask for it
ap_scan=0
network={
    key_mgmt=IEEE8021X
    eap=TLS
    identity="tacet-room-3"
    ca_cert="ca.pem"
    client_cert="box.pem"
    private_key="box-key.pem"
}
"""
PEAP = f"""\
network={{
    key_mgmt=IEEE8021X
    eap=PEAP
    identity="tacet-room-3"
    password="{PASSWORD}"
    ca_cert="ca.pem"
    phase2="auth=MSCHAPV2"
}}
"""


class Box(ProvisionedBox):
    @property
    def folder(self) -> Path:
        folder = self.places.boot / "8021x"
        folder.mkdir(exist_ok=True)
        return folder

    def put(self, text: str | None = None, **files: bytes) -> None:
        """Onto the boot partition; `ca_pem` is ca.pem."""
        if text is not None:
            (self.folder / "wired.conf").write_text(text)
        for name, content in files.items():
            stem, _, ending = name.rpartition("_")
            (self.folder / f"{stem.replace('_', '-')}.{ending}").write_bytes(content)

    def starts(self, toml: str = '[network]\ninterface = "enp1s0"\n') -> Provisioned:
        self.commands.clear()
        return self.starts_with(toml)

    @property
    def given(self) -> str:
        """What wpa_supplicant reads."""
        return (self.places.etc / "wpa_supplicant/wpa_supplicant-wired-enp1s0.conf").read_text()

    @property
    def kept(self) -> Path:
        return self.places.identity / "8021x"


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def with_tls(box: Box, own: Paper = OWN, text: str = TLS) -> Box:
    box.put(text, ca_pem=AUTHORITY.pem, box_pem=own.pem, box_key_pem=own.key_pem())
    return box


STARTED = ["systemctl", "--no-block", "start", "wpa_supplicant-wired@enp1s0.service"]


def test_wired__eap_tls__is_given_to_wpa_supplicant_and_the_key_wiped(box: Box) -> None:
    assert with_tls(box).starts().sentences == ()
    assert f'private_key="{box.kept}/box-key.pem"' in box.given
    assert "eap=TLS" in box.given
    assert STARTED in box.commands
    assert not (box.folder / "box-key.pem").exists()
    assert (box.folder / "ca.pem").exists()
    assert (box.kept / "box-key.pem").read_bytes() == OWN.key_pem()
    assert stat.S_IMODE(box.kept.stat().st_mode) == 0o700
    assert stat.S_IMODE((box.kept / "box-key.pem").stat().st_mode) == 0o600


def test_wired__at_every_later_start__stands_as_it_was_taken_in(box: Box) -> None:
    with_tls(box).starts()
    first = box.given
    assert box.starts().sentences == ()
    assert box.given == first
    assert STARTED in box.commands


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_wired__a_password__is_wiped_where_it_stands_and_holds_on(box: Box, end: str) -> None:
    (box.folder / "wired.conf").write_bytes(PEAP.replace("\n", end).encode())
    box.put(ca_pem=AUTHORITY.pem)
    assert box.starts().sentences == ()
    assert f'password="{PASSWORD}"' in box.given
    assert files_with_canary(box.places.boot, PASSWORD.encode()) == []
    left = (box.folder / "wired.conf").read_bytes()
    assert left == PEAP.replace(PASSWORD, "*" * len(PASSWORD)).replace("\n", end).encode()
    box.put(left.decode().replace("\r\n", "\n").replace("tacet-room-3", "tacet-room-4"))
    assert box.starts().sentences == ()
    assert f'password="{PASSWORD}"' in box.given
    assert 'identity="tacet-room-4"' in box.given


def test_wired__a_password_that_is_also_another_word__is_wiped_alone(box: Box) -> None:
    box.put(PEAP.replace(PASSWORD, "tacet"), ca_pem=AUTHORITY.pem)
    assert box.starts().sentences == ()
    assert (box.folder / "wired.conf").read_text() == PEAP.replace(PASSWORD, "*****")


def test_wired__wiped_by_another_box__asks_for_it_again(box: Box) -> None:
    box.put(PEAP.replace(PASSWORD, "*" * len(PASSWORD)), ca_pem=AUTHORITY.pem)
    assert "line 5: password was taken in by another box, and wiped. Write it again." in box.starts().sentences[0]


def test_wired__a_key_in_pkcs12__needs_no_certificate_beside(box: Box) -> None:
    text = TLS.replace('    client_cert="box.pem"\n', "").replace("box-key.pem", "box.p12")
    box.put(text.replace("}", f'    private_key_passwd="{PASSPHRASE}"\n}}'), ca_pem=AUTHORITY.pem, box_p12=OWN.p12())
    assert box.starts().sentences == ()
    assert not (box.folder / "box.p12").exists()
    assert files_with_canary(box.places.boot, PASSPHRASE.encode()) == []


def test_wired__an_empty_file__takes_all_of_it_away(box: Box) -> None:
    with_tls(box).starts()
    box.put("\n")
    assert box.starts().sentences == ()
    assert not box.kept.exists()
    assert STARTED not in box.commands


def test_wired__a_mistake_after_a_good_file__leaves_the_good_one_and_is_told(box: Box) -> None:
    with_tls(box).starts()
    first = box.given
    with_tls(box, text=TLS.replace("eap=TLS", "eap=LEAP"))
    done = box.starts()
    assert done.sentences[0].startswith("8021x/wired.conf, line 5: eap names no method")
    assert box.given == first
    assert STARTED in box.commands
    told = load_settings(box.places.effective / "tacet.toml").recorder.configuration_problem
    assert told == f"{done.sentences[0]} Tell clinic IT."
    assert (box.folder / "box-key.pem").exists()  # until it can be used


def test_wired__a_port_that_is_not_named__is_every_wire_of_the_machine(box: Box) -> None:
    for name, kind, beside in (
        ("eth0", "1", "device"),
        ("wlan0", "1", "wireless"),
        ("lo", "772", ""),
        ("veth1", "1", ""),
    ):
        port = box.places.ports / name
        port.mkdir(parents=True)
        (port / "type").write_text(f"{kind}\n")
        for one in {beside, "device" if beside == "wireless" else ""} - {""}:
            (port / one).mkdir()
    assert wired_ports(box.places.ports) == ("eth0",)
    with_tls(box).starts("")
    assert ["systemctl", "--no-block", "start", "wpa_supplicant-wired@eth0.service"] in box.commands


BROKEN = [
    ("no block", TLS, "", 1, "Write one: network={ ... }."),
    ("a block that does not end", "}\n", "", 3, "Add a }"),
    ("no method", "    eap=TLS\n", "", 8, "eap=TLS, eap=PEAP or eap=TTLS"),
    ("a key for Wi-Fi", "key_mgmt=IEEE8021X", "key_mgmt=WPA-EAP", 4, "key_mgmt=IEEE8021X"),
    ("no identity", '    identity="tacet-room-3"\n', "", 8, "identity="),
    ("no authority", '    ca_cert="ca.pem"\n', "", 8, "anybody is trusted"),
    ("no key", '    private_key="box-key.pem"\n', "", 8, "private_key="),
    ("no certificate", '    client_cert="box.pem"\n', "", 8, "client_cert="),
    ("a program to load", "}", '    engine_id="pkcs11"\n}', 10, "Take the line out"),
    ("a path", '"ca.pem"', '"/etc/ssl/ca.pem"', 7, '"ca.pem"'),
    ("a file that is not there", '"ca.pem"', '"cb.pem"', 7, "Put it beside this file"),
    ("a key for a certificate", '"ca.pem"', '"box-key.pem"', 7, "Put one in PEM there"),
    ("a certificate for a key", '"box-key.pem"', '"box.pem"', 9, "cannot be read as a key"),
    ("another's certificate", '"box.pem"', '"ca.pem"', 8, "Put the right pair there"),
    ("a setting twice", "eap=TLS", "eap=TLS\n    eap=TLS", 6, "Keep one"),
    ("a quote that does not end", '"tacet-room-3"', '"tacet-room-3', 6, "Close the quote"),
    ("neither", "eap=TLS", "eap TLS", 5, "name=value"),
    ("outside of the block", "ap_scan=0", "update_config=1", 2, "Move it into the block"),
]


@pytest.mark.parametrize(
    ("before", "after", "line", "remedy"), [one[1:] for one in BROKEN], ids=[one[0] for one in BROKEN]
)
def test_wired__a_broken_file__is_named_with_its_line_and_what_to_do(
    box: Box, before: str, after: str, line: int, remedy: str
) -> None:
    with_tls(box, text=TLS.replace(before, after, 1) or "# nothing\n")
    done = box.starts()
    assert any(f"line {line}:" in one and remedy in one for one in done.sentences), done.sentences
    assert not box.kept.exists()


def test_wired__a_certificate_that_has_ended__says_when(box: Box) -> None:
    ended = paper("tacet-room-3", AUTHORITY, ended=True)
    (sentence,) = with_tls(box, ended).starts().sentences
    assert "line 8: client_cert names box.pem, which was valid until " in sentence


def test_wired__a_key_whose_passphrase_is_wrong__cannot_be_read(box: Box) -> None:
    with_tls(box, text=TLS.replace("}", '    private_key_passwd="another one"\n}'))
    box.put(box_key_pem=OWN.key_pem(PASSPHRASE))
    (sentence,) = box.starts().sentences
    assert "line 9: private_key names box-key.pem, which cannot be read as a key." in sentence
    assert "another one" not in sentence


def test_wired__not_in_utf_8__names_the_line(box: Box) -> None:
    with_tls(box)
    (box.folder / "wired.conf").write_bytes(TLS.encode().replace(b"clinic", b"cl\xeenic"))
    assert "line 1: A character is not UTF-8." in box.starts().sentences[0]


def test_config_check__looks_at_the_files_beside__and_names_them(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    with_tls(box)
    toml = box.places.boot / "tacet.toml"
    toml.write_text("")
    assert main(["config", "check", str(toml)]) == 0
    assert "and so is" in capsys.readouterr().out
    (box.folder / "ca.pem").unlink()
    assert main(["config", "check", "--json", str(toml)]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert found["file"].endswith("8021x/wired.conf")
    assert found["line"] == 7
    assert (box.folder / "box-key.pem").exists()
