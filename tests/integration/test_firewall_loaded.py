"""The image's own rules, loaded into a network namespace, and connections tried from it as each of the box's users."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

RULES = Path(__file__).parents[2] / "image-build/root/etc/nftables.conf"
WITHIN_S = 120
REACHED_WITHIN_S = 60.0
REFUSED_AFTER_S = 2.0  # nobody is waited for longer who is to get no answer
NAMED, OTHER, DNS, OTHER_DNS = "192.168.77.5", "192.168.77.6", "192.168.77.7", "192.168.77.8"
NAMED6, OTHER6 = "fd77::5", "fd77::6"
USERS = {  # any that the machine has not; a process may be anybody
    name: 64100 + number
    for number, name in enumerate(
        (
            "tacet-app",
            "tacet-asr",
            "tacet-recorder",
            "tacet-update",
            "tacet-pool",
            "tacet-log",
            "tacet-backup",
            "systemd-network",
            "systemd-resolve",
            "systemd-timesync",
        )
    )
} | {"root": 0}
TRIES = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
with socket.socket(family, socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM) as one:
    one.settimeout(float(sys.argv[4]))
    try:
        one.connect((sys.argv[2], int(sys.argv[3])))
        one.send(b"?")
        sys.exit(0 if one.recv(10) == b"!" else 3)
    except PermissionError:
        sys.exit(77)
    except TimeoutError:  # the kernel drops what opens a connection, and goes on trying
        sys.exit(77)
"""
ANSWERS = """
import selectors, socket, sys
waiting = selectors.DefaultSelector()
for kind, address, port in (one.split("/") for one in sys.argv[1:]):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((address, int(port)))
    if kind == "tcp":
        one.listen()
    waiting.register(one, selectors.EVENT_READ, kind)
print("ready", flush=True)
while True:
    for key, _ in waiting.select():
        if key.data == "tcp":
            with key.fileobj.accept()[0] as caller:
                caller.send(b"!")
                caller.recv(10)
        else:
            _, caller = key.fileobj.recvfrom(10)
            key.fileobj.sendto(b"!", caller)
"""
SERVERS = [
    *(f"tcp/{address}/{port}" for address in (NAMED, OTHER, NAMED6, OTHER6) for port in (443, 22, 8790, 8792)),
    *(f"udp/{address}/{port}" for address in (DNS, OTHER_DNS, OTHER) for port in (53, 123)),
]


@dataclass
class Network:
    """The box in a namespace of its own, with a cable to another one that holds the clinic's servers."""

    box: str
    config: Path
    resolv: Path
    sets: Path

    def says(self, toml: str) -> subprocess.CompletedProcess[str]:
        """Give the box this tacet.toml, and let its units' commands run."""
        self.config.write_text(toml)
        files = ("--config", str(self.config), "--resolv", str(self.resolv), "--into", str(self.sets))
        said = run(sys.executable, "-m", "tacet", "firewall", *files, check=False)
        run("ip", "netns", "exec", self.box, "nft", "-f", "-", input=rules(self.sets.parent))
        return said

    def reaches(self, *one: "Try") -> bool:
        """Whether all of them get an answer."""
        return all(self._tried(REACHED_WITHIN_S, one))

    def refuses(self, *one: "Try") -> bool:
        """Whether the firewall lets none of them out."""
        return not any(self._tried(REFUSED_AFTER_S, one))

    def _tried(self, wait_s: float, tries: tuple["Try", ...]) -> list[bool]:
        with ThreadPoolExecutor(len(tries)) as at_once:
            return list(at_once.map(lambda one: self._answered(wait_s, one), tries))

    def _answered(self, wait_s: float, one: "Try") -> bool:
        identity = [f"--reuid={USERS[one.user]}", f"--regid={USERS[one.group or one.user]}", "--clear-groups"]
        tries = [sys.executable, "-c", TRIES, one.kind, one.address, str(one.port), str(wait_s)]
        done = run("ip", "netns", "exec", self.box, "setpriv", *identity, *tries, check=False)
        assert done.returncode in {0, 77}, done.stderr
        return done.returncode == 0


@dataclass(frozen=True)
class Try:
    """One process's try to reach somebody."""

    user: str
    kind: str
    address: str
    port: int
    group: str = ""


def run(*command: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=check, capture_output=True, text=True, timeout=WITHIN_S, **more)


def namespace(name: str, stack: ExitStack) -> None:
    try:
        run("ip", "netns", "add", name)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine allows no network namespaces")
    stack.callback(run, "ip", "netns", "del", name, check=False)


def wired(box: str, clinic: str) -> None:
    """A cable between the two; addresses can be used at once."""
    run("ip", "link", "add", f"v{box}", "netns", box, "type", "veth", "peer", "name", f"v{clinic}", "netns", clinic)
    for name, addresses in (
        (box, ("192.168.77.20", "fd77::20")),
        (clinic, (NAMED, OTHER, DNS, OTHER_DNS, NAMED6, OTHER6)),
    ):
        for address in addresses:
            length = "64" if ":" in address else "24"
            more = ["nodad"] if ":" in address else []
            run("ip", "-n", name, "address", "add", f"{address}/{length}", "dev", f"v{name}", *more)
        run("ip", "-n", name, "link", "set", f"v{name}", "up")
        run("ip", "-n", name, "link", "set", "lo", "up")


def rules(sets: Path) -> str:
    """The image's file; users that only a box has stand as numbers, and its sets lie in a folder of the test's."""
    text = RULES.read_text().replace("/run/tacet-firewall", str(sets))
    return re.sub(r'"((?:tacet|systemd)-\w+|root)"', lambda found: str(USERS[found[1]]), text)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("firewall")
    box, clinic = f"tb{os.getpid()}", f"tc{os.getpid()}"
    with ExitStack() as stack:
        namespace(box, stack)
        namespace(clinic, stack)
        try:
            wired(box, clinic)
        except subprocess.CalledProcessError:
            pytest.skip("this machine's namespaces have no cables, or no addresses of version 6")
        loaded = run("ip", "netns", "exec", box, "nft", "-f", "-", input=rules(folder / "sets"), check=False)
        if loaded.returncode:
            assert "not supported" in loaded.stderr or "not permitted" in loaded.stderr, loaded.stderr
            pytest.skip("this machine's kernel has no nftables for namespaces")
        answering = subprocess.Popen(
            ["/usr/sbin/ip", "netns", "exec", clinic, sys.executable, "-c", ANSWERS, *SERVERS],
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(answering.wait, WITHIN_S)
        stack.callback(answering.kill)
        assert answering.stdout is not None
        stack.callback(answering.stdout.close)
        watchdog = threading.Timer(WITHIN_S, answering.kill)
        watchdog.start()
        stack.callback(watchdog.cancel)
        assert answering.stdout.readline() == "ready\n"
        watchdog.cancel()
        (folder / "resolv.conf").write_text(f"nameserver {DNS}\n")
        (folder / "sets").mkdir()
        yield Network(box, folder / "tacet.toml", folder / "resolv.conf", folder / "sets/sets.nft")


NAMING_ALL = f"""
[update]
server = "https://{NAMED}/tacet"
[backup]
to = "/media/stick"
sftp = "backup@{NAMED}/tacet"
sftp_host_key = "ssh-ed25519 AAAA"
[pool]
address = "{NAMED}"
"""


def backing_up(address: str, port: int, kind: str = "tcp") -> Try:
    return Try("tacet-app", kind, address, port, group="tacet-backup")


def test_firewall__a_file_that_names_nobody__lets_nobody_call_anybody(network: Network) -> None:
    assert network.says("").returncode == 0
    callers = (("tacet-update", 443), ("tacet-pool", 8790), ("tacet-app", 443), ("root", 443))
    assert network.refuses(backing_up(NAMED, 22), *(Try(user, "tcp", NAMED, port) for user, port in callers))


def test_firewall__servers_that_are_named__are_reached_by_their_process_alone(network: Network) -> None:
    assert network.says(NAMING_ALL).returncode == 0
    pools = [Try("tacet-pool", "tcp", NAMED, port) for port in (8790, 8792)]
    assert network.reaches(Try("tacet-update", "tcp", NAMED, 443), backing_up(NAMED, 22), *pools)
    others = ("tacet-app", "tacet-asr", "tacet-recorder", "tacet-log", "systemd-timesync", "root")
    elsewhere = [Try("tacet-update", "tcp", NAMED, 22), backing_up(NAMED, 443)]
    assert network.refuses(*elsewhere, *(Try(user, "tcp", NAMED, 443) for user in others))


def test_firewall__another_machine_of_the_clinic__is_reached_by_nobody(network: Network) -> None:
    assert network.says(NAMING_ALL).returncode == 0
    callers = [Try("tacet-update", "tcp", OTHER, 443), Try("tacet-pool", "tcp", OTHER, 8790)]
    assert network.refuses(backing_up(OTHER, 22), *callers)


def test_firewall__a_server_that_is_named_no_more__is_reached_no_more(network: Network) -> None:
    assert network.says(f'[update]\nserver = "http://{NAMED}:8790/"\n').returncode == 0
    assert network.reaches(Try("tacet-update", "tcp", NAMED, 8790))
    assert network.says(f'[update]\nserver = "https://{OTHER}/"\n').returncode == 0
    assert network.refuses(Try("tacet-update", "tcp", NAMED, 8790))
    assert network.reaches(Try("tacet-update", "tcp", OTHER, 443))


def test_firewall__servers_with_addresses_of_version_6__are_held_to_in_the_same_way(network: Network) -> None:
    assert network.says(f'[pool]\naddress = "{NAMED6}"\n').returncode == 0
    assert network.reaches(Try("tacet-pool", "tcp", NAMED6, 8790))
    assert network.refuses(Try("tacet-pool", "tcp", OTHER6, 8790), Try("tacet-pool", "tcp", NAMED6, 443))


def test_firewall__a_name_that_is_not_known__leaves_what_was_allowed_and_says_so(network: Network) -> None:
    assert network.says(f'[update]\nserver = "https://{NAMED}/"\n').returncode == 0
    done = network.says('[update]\nserver = "https://updates.invalid/"\n')
    assert done.returncode == 1
    assert "The update server cannot be called: updates.invalid is not known" in done.stderr
    assert network.reaches(Try("tacet-update", "tcp", NAMED, 443))


def test_firewall__names_and_time__are_asked_by_who_needs_them_of_the_networks_servers(network: Network) -> None:
    assert network.says("").returncode == 0
    asking = ("systemd-timesync", "tacet-update")
    assert network.reaches(Try("systemd-resolve", "udp", DNS, 53))
    assert network.reaches(backing_up(DNS, 53, "udp"), *(Try(user, "udp", DNS, 53) for user in asking))
    assert network.reaches(Try("systemd-timesync", "udp", OTHER, 123))
    silent = ("tacet-app", "tacet-asr", "tacet-recorder", "tacet-pool")
    assert network.refuses(
        *(Try(user, "udp", OTHER_DNS, 53) for user in asking),
        *(Try(user, "udp", DNS, 53) for user in silent),
        *(Try(user, "udp", OTHER, 123) for user in ("tacet-update", "tacet-app", "root")),
    )
