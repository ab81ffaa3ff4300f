"""The image's firewall: what the box may call, as docs/clinic-it.md has it."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.errors import TacetError
from tacet.firewall.command import openings
from tacet.firewall.destinations import CALLERS, Destination, name_servers, named_in
from tacet.firewall.resolving import addresses_of
from tacet.settings import BoxSettings, check_settings

RULES = Path(__file__).parents[2] / "image-build/root/etc/nftables.conf"


def chain(name: str) -> list[str]:
    body = re.search(rf"chain {name} {{(.*?)\n  }}", RULES.read_text(), re.DOTALL)
    assert body is not None
    return [line.strip() for line in body[1].splitlines() if line.strip()]


def test_firewall__what_no_rule_names__is_dropped() -> None:
    for name in ("input", "output", "forward"):
        assert "policy drop" in chain(name)[0]


def test_firewall__over_tcp__what_goes_out_is_somebodys_and_to_servers_that_were_named() -> None:
    allowed = [line for line in chain("output") if "accept" in line and "tcp dport" in line]
    assert len(allowed) == 2 * len(CALLERS)
    for line in allowed:
        assert line.startswith(("meta skgid ", "meta skuid ")), line  # not everybody's
        assert re.search(r"ip6? daddr \. tcp dport @(update|backup|pool)[46] ", line), line


def test_firewall__names__are_asked_of_the_networks_own_servers_alone() -> None:
    for line in chain("names"):
        assert re.match(r"ip6? daddr @dns[46] (udp|tcp) dport 53 accept", line), line


def test_firewall__who_calls_nobody__is_stopped_before_any_general_rule() -> None:
    lines = chain("output")
    stopped = next(number for number, line in enumerate(lines) if line.endswith('"they answer, they never call"'))
    for number, line in enumerate(lines):
        assert number < stopped or "meta skuid" in line or not re.search("tcp|udp|jump", line), line
    for user in ("tacet-app", "tacet-asr", "tacet-recorder", "tacet-pool", "tacet-update", "tacet-log"):
        assert f'"{user}"' in lines[stopped]


def test_firewall__its_sets__are_those_that_are_filled() -> None:
    named = set(re.findall(r"set (\w+) {", RULES.read_text()))
    assert named == {f"{one}{version}" for one in (*CALLERS, "dns") for version in (4, 6)}


def settings(**sections: dict[str, object]) -> BoxSettings:
    return check_settings(dict(sections), "test")


def test_destinations__a_file_that_names_nobody__are_none() -> None:
    assert named_in(settings()) == ()


def test_destinations__each_server__is_its_processs_with_its_port() -> None:
    found = named_in(
        settings(
            update={"server": "https://updates.clinic.example/tacet"},
            backup={"to": "/media/stick", "sftp": "backup@nas:2222/tacet", "sftp_host_key": "ssh-ed25519 AAAA"},
            pool={"address": "fd00::5"},
        )
    )
    assert found == (
        Destination("update", "updates.clinic.example", 443),
        Destination("backup", "nas", 2222),
        Destination("pool", "fd00::5", 8790),
        Destination("pool", "fd00::5", 8792),
    )


@pytest.mark.parametrize(("server", "port"), [("http://a.example", 80), ("http://a.example:8080/x", 8080)])
def test_destinations__an_update_server__is_called_on_the_port_of_its_address(server: str, port: int) -> None:
    assert named_in(settings(update={"server": server})) == (Destination("update", "a.example", port),)


def test_openings__a_name_with_several_addresses__are_its_private_ones() -> None:
    lines, problems = openings(
        [Destination("update", "updates", 443)],
        lambda _: ["192.168.7.5", "8.8.8.8", "fd00::5", "fe80::5%2", "127.0.0.1"],
    )
    assert problems == []
    assert "add element inet tacet update4 { 192.168.7.5 . 443 }" in lines
    assert "add element inet tacet update6 { fd00::5 . 443 }" in lines
    assert len(lines) == 2


def test_openings__a_name_that_nobody_knows__leaves_its_callers_set_and_says_so() -> None:
    def resolve(host: str) -> list[str]:
        if host == "nas":
            raise TacetError("nas is not known to the network's name servers")
        return [host]

    before = "add element inet tacet backup4 { 10.0.0.9 . 22 }\nadd element inet tacet update4 { 10.0.0.9 . 443 }\n"
    named = [Destination("backup", "nas", 22), Destination("pool", "10.0.0.5", 8790)]
    lines, problems = openings(named, resolve, before)
    assert problems == ["The backup server cannot be called: nas is not known to the network's name servers."]
    assert lines == [
        "add element inet tacet backup4 { 10.0.0.9 . 22 }",
        "add element inet tacet pool4 { 10.0.0.5 . 8790 }",
    ]


def test_openings__a_server_outside_of_private_networks__is_not_called_and_told() -> None:
    lines, problems = openings([Destination("update", "1.1.1.1", 443)], lambda host: [host])
    assert "not on the clinic's own network" in problems[0]
    assert not any("1.1.1.1" in line for line in lines)


def test_name_servers__of_a_resolv_conf__are_its_addresses() -> None:
    assert name_servers("# x\nnameserver 192.168.7.1\nnameserver fe80::1%eth0\nsearch clinic\n") == (
        "192.168.7.1",
        "fe80::1",
    )


@contextmanager
def resolved(path: Path, answer: bytes) -> Iterator[list[bytes]]:
    """Stands for systemd-resolved: takes one question, says what it is told."""
    asked = list[bytes]()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            with listener.accept()[0] as caller:
                asked.append(caller.recv(65536))
                caller.sendall(answer[:20])
                caller.sendall(answer[20:])

        serving = threading.Thread(target=serve)
        serving.start()
        yield asked
        serving.join(60)


def test_name__asked_of_systemd__has_the_addresses_that_it_says(tmp_path: Path) -> None:
    answer = b'{"parameters":{"addresses":[{"ifindex":2,"family":2,"address":[192,168,7,5]}],"name":"nas","flags":1}}\0'
    with resolved(tmp_path / "r", answer) as asked:
        assert addresses_of("nas", tmp_path / "r") == ["192.168.7.5"]
    assert json.loads(asked[0].rstrip(b"\0"))["parameters"]["name"] == "nas"


def test_name__that_systemd_does_not_know__is_said_in_a_sentence(tmp_path: Path) -> None:
    with (
        resolved(tmp_path / "r", b'{"error":"io.systemd.Resolve.DNSError","parameters":{"rcode":3}}\0'),
        pytest.raises(TacetError, match="nas is not known"),
    ):
        addresses_of("nas", tmp_path / "r")


def test_name__with_nobody_to_ask__is_said_and_an_address_needs_nobody(tmp_path: Path) -> None:
    assert addresses_of("192.168.7.5", tmp_path / "nobody") == ["192.168.7.5"]
    with pytest.raises(TacetError, match="nas is not known"):
        addresses_of("nas", tmp_path / "nobody")
