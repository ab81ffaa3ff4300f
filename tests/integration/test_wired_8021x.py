"""802.1X for real: hostapd stands for the clinic's switch, Debian's wpa_supplicant reads what provisioning wrote."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.wired_papers import paper

from tacet.provision.provision import Places, provision

WITHIN_S = 240
PASSWORD = "amber lighthouse 47"
AUTHORITY = paper("clinic authority")
SERVER, OWN = paper("radius.clinic.example", AUTHORITY), paper("tacet-room-3", AUTHORITY)
STRANGER = paper("a stranger's authority")
SWITCH = """\
interface={port}
driver=wired
ieee8021x=1
eap_server=1
use_pae_group_addr=1
eap_user_file={folder}/users
ca_cert={folder}/ca.pem
server_cert={folder}/server.pem
private_key={folder}/server-key.pem
"""
USERS = f"""\
"tacet-room-3" TLS
"tacet-room-4" PEAP
"tacet-room-4" MSCHAPV2 "{PASSWORD}" [2]
"""
TLS = """\
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
    identity="tacet-room-4"
    password="{PASSWORD}"
    ca_cert="ca.pem"
    phase2="auth=MSCHAPV2"
}}
"""


def run(*command: str, check: bool = True) -> None:
    subprocess.run(command, check=check, capture_output=True, timeout=WITHIN_S)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The box's namespace and its port, whose cable ends in a switch that asks for 802.1X."""
    folder = tmp_path_factory.mktemp("switch")
    box, clinic = f"wb{os.getpid()}", f"wc{os.getpid()}"
    with ExitStack() as stack:
        for name in (box, clinic):
            try:
                run("ip", "netns", "add", name)
            except (OSError, subprocess.CalledProcessError):
                pytest.skip("this machine allows no network namespaces")
            stack.callback(run, "ip", "netns", "del", name, check=False)
        try:
            run(
                "ip",
                "link",
                "add",
                f"v{box}",
                "netns",
                box,
                "type",
                "veth",
                "peer",
                "name",
                f"v{clinic}",
                "netns",
                clinic,
            )
            run("ip", "-n", box, "link", "set", f"v{box}", "up")
            run("ip", "-n", clinic, "link", "set", f"v{clinic}", "up")
        except subprocess.CalledProcessError:
            pytest.skip("this machine's namespaces have no cables")
        (folder / "hostapd.conf").write_text(SWITCH.format(port=f"v{clinic}", folder=folder))
        (folder / "users").write_text(USERS)
        (folder / "ca.pem").write_bytes(AUTHORITY.pem)
        (folder / "server.pem").write_bytes(SERVER.pem)
        (folder / "server-key.pem").write_bytes(SERVER.key_pem())
        command = ["/usr/sbin/ip", "netns", "exec", clinic, "hostapd", str(folder / "hostapd.conf")]
        switch = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert switch.stdout is not None
        stack.callback(switch.stdout.close)
        stack.callback(switch.wait, WITHIN_S)
        stack.callback(switch.kill)
        assert any("AP-ENABLED" in line for line in iter(switch.stdout.readline, "")), "the switch does not start"
        yield box, f"v{box}"


def provisioned(root: Path, port: str, text: str, **files: bytes) -> Path:
    """What a start of the box writes for wpa_supplicant."""
    places = {name: root / name for name in ("boot", "identity", "effective", "network", "etc")}
    for name in ("boot", "identity", "etc"):
        places[name].mkdir()
    (places["boot"] / "8021x").mkdir()
    (places["boot"] / "tacet.toml").write_text(f'[network]\ninterface = "{port}"\n')
    (places["boot"] / "8021x/wired.conf").write_text(text)
    for name, content in files.items():
        (places["boot"] / "8021x" / f"{name.replace('_', '-')}.pem").write_bytes(content)
    assert provision(Places(**places), lambda _: None).sentences == ()
    return places["etc"] / f"wpa_supplicant/wpa_supplicant-wired-{port}.conf"


def authenticates(box: str, port: str, file: Path) -> bool:
    """Whether the switch opens its port, or wpa_supplicant gives up."""
    command = ["/usr/sbin/ip", "netns", "exec", box, "wpa_supplicant", "-Dwired", f"-i{port}", f"-c{file}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as asking:
        assert asking.stdout is not None
        try:
            for line in iter(asking.stdout.readline, ""):
                assert "Failed to parse" not in line
                if "CTRL-EVENT-CONNECTED" in line:
                    return True
                if "CTRL-EVENT-EAP-FAILURE" in line or "TLS-CERT-ERROR" in line:
                    return False
            raise AssertionError("wpa_supplicant ended")
        finally:
            asking.kill()


def test_8021x__eap_tls_with_the_boxs_certificate__opens_the_port(port: tuple[str, str], tmp_path: Path) -> None:
    file = provisioned(tmp_path, port[1], TLS, ca=AUTHORITY.pem, box=OWN.pem, box_key=OWN.key_pem())
    assert authenticates(*port, file)


def test_8021x__peap_with_a_password__opens_the_port(port: tuple[str, str], tmp_path: Path) -> None:
    assert authenticates(*port, provisioned(tmp_path, port[1], PEAP, ca=AUTHORITY.pem))


def test_8021x__a_server_of_another_authority__is_not_told_the_password(port: tuple[str, str], tmp_path: Path) -> None:
    assert not authenticates(*port, provisioned(tmp_path, port[1], PEAP, ca=STRANGER.pem))
