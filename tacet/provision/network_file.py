"""The [network] section as systemd-networkd wants it, and which ports there are. Source: systemd.network(5)."""

from pathlib import Path

from tacet.config.sections import NetworkSection


def network_file(network: NetworkSection) -> str:
    lines = ["[Match]", f"Name={network.interface}" if network.interface else "Type=ether", "", "[Network]"]
    if network.method == "static":
        lines += ["DHCP=no", f"Address={network.address}", "IPv6AcceptRA=no"]
        lines += [f"Gateway={network.gateway}"] if network.gateway else []
    else:
        lines += ["DHCP=yes"]
    lines += [f"DNS={server}" for server in network.dns]
    lines += [f"NTP={server}" for server in network.time_servers]
    return "\n".join([*lines, ""])


def wired_ports(ports: Path) -> tuple[str, ...]:
    """The machine's own, as the kernel lists them: Ethernet, with a device behind it, and no radio."""
    return tuple(sorted(one.name for one in ports.glob("*") if _is_wired(one)))


def _is_wired(port: Path) -> bool:
    try:
        ethernet = (port / "type").read_text().strip() == "1"
    except OSError:
        return False
    return ethernet and (port / "device").exists() and not (port / "wireless").exists()
