"""The [network] section as systemd-networkd wants it. Pure. Source: systemd.network(5)."""

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
