"""The image's firewall: what the box may call, as docs/clinic-it.md has it."""

import re
from ipaddress import ip_network
from pathlib import Path

RULES = Path(__file__).parents[2] / "image-build/root/etc/nftables.conf"


def chain(name: str) -> list[str]:
    body = re.search(rf"chain {name} {{(.*?)\n  }}", RULES.read_text(), re.DOTALL)
    assert body is not None
    return [line.strip() for line in body[1].splitlines() if line.strip()]


def test_firewall__what_no_rule_names__is_dropped() -> None:
    for name in ("input", "output", "forward"):
        assert "policy drop" in chain(name)[0]


def test_firewall__over_tcp__what_goes_out_is_somebodys_and_stays_within_private_networks() -> None:
    allowed = [line for line in chain("output") if "accept" in line and "tcp" in line and "dport 53 " not in line]
    assert len(allowed) >= 2
    for line in allowed:
        assert line.startswith(("meta skgid ", "meta skuid ")), line  # not everybody's
        named = re.search(r"ip6? daddr { (.*?) }", line)
        assert named is not None, line
        assert all(ip_network(one).is_private for one in named[1].split(", ")), line


def test_firewall__the_three_daemons__are_stopped_before_any_general_rule() -> None:
    lines = chain("output")
    stopped = next(number for number, line in enumerate(lines) if line.endswith('"they answer, they never call"'))
    general = next(number for number, line in enumerate(lines) if line.startswith("udp dport"))
    assert stopped < general
    for user in ("tacet-app", "tacet-asr", "tacet-recorder"):
        assert user in lines[stopped]
