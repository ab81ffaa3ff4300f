from ipaddress import ip_address
from pathlib import Path

import pytest
from support.web_client import web_client

from app.addresses import BoxNames
from app.web.hosts import HostList, host_of
from app.web.rates import Rates


def names(_: str) -> BoxNames:
    return BoxNames(
        ("localhost", "tacet.local"), tuple(map(ip_address, ("127.0.0.1", "::1", "192.168.7.20", "fd00::7")))
    )


OWN = (
    "tacet.local",
    "TACET.local:8443",
    "tacet.local.",
    "localhost:8443",
    "192.168.7.20:8443",
    "[fd00::7]:8443",
    "[fd00:0:0:0:0:0:0:7]",
    "[::1]",
    "[::ffff:192.168.7.20]",
    "tacet.clinic.example",
)
FOREIGN = (
    "",
    "evil.example",
    "tacet.local.evil.example",
    "evil.example#tacet.local",
    "tacet.local@evil.example",
    "tacet.local:8443:1",
    "tacet.local:port",
    "192.168.7.21",
    "192.168.7.20.evil.example",
    "[fd00::8]",
    "[fd00::7",
    "fd00::7",
    "[tacet.local]",
    "[]",
    ":8443",
    "0.0.0.0",  # noqa: S104  what some browsers take for this machine
)


@pytest.mark.parametrize("header", OWN)
def test_host_list__a_name_of_the_box__is_allowed(header: str) -> None:
    assert HostList("tacet", ("tacet.clinic.example",), look=names).allows(header)


@pytest.mark.parametrize("header", FOREIGN)
def test_host_list__anything_else__is_not(header: str) -> None:
    assert not HostList("tacet", ("tacet.clinic.example",), look=names).allows(header)


def test_host_list__the_address_that_was_really_asked__is_allowed_before_it_is_looked_up() -> None:
    hosts = HostList("tacet", look=names)
    assert not hosts.allows("10.0.0.9:8443", "192.168.7.20")
    assert hosts.allows("10.0.0.9:8443", "10.0.0.9")


def test_host_list__the_box_gets_another_address__answers_to_it_soon() -> None:
    found = [BoxNames((), (ip_address("10.0.0.1"),))]
    now_s = [0.0]
    hosts = HostList("tacet", look=lambda _: found[0], clock=lambda: now_s[0])
    assert hosts.allows("10.0.0.1")
    found[0] = BoxNames((), (ip_address("10.0.0.2"),))
    now_s[0] = 31.0
    assert hosts.allows("10.0.0.2")
    assert not hosts.allows("10.0.0.1")


def test_host_of__a_literal_with_a_port__is_without_both() -> None:
    assert host_of("[fd00::7]:8443") == "fd00::7"
    assert host_of("Tacet.Local:") == "tacet.local"


def test_pages__asked_by_a_foreign_name__show_nothing(tmp_path: Path) -> None:
    with web_client(tmp_path) as client:
        client.sign_in(client.new_person())
        for path in ("/", "/today", "/signin", "/events", "/static/tacet.css", "/sessions.json"):
            answer = client.http.get(path, headers={"host": "evil.example"})
            assert (path, answer.status_code) == (path, 421)
            assert "Ada" not in answer.text


def test_rates__one_machine_in_a_hurry__waits_and_no_other_does() -> None:
    now_s = [0.0]
    rates = Rates(10, clock=lambda: now_s[0])
    assert sum(rates.allows("10.0.0.1") for _ in range(500)) == 80
    assert rates.allows("10.0.0.2")
    now_s[0] = 1.0
    assert sum(rates.allows("10.0.0.1") for _ in range(500)) == 10


def test_rates__many_machines__are_not_remembered_for_ever() -> None:
    rates = Rates(10, clock=lambda: 0.0)
    for number in range(5000):
        rates.allows(str(number))
    assert len(rates._buckets) <= 2000
