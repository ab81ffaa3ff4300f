from pathlib import Path

from app.network import Interface, read_network

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue\n"


def line(remote: str, state: str) -> str:
    return f"   0: 0100007F:20FB {remote}:C350 {state} 00000000:00000000\n"


def test_read_network__what_the_kernel_counts__as_addresses_and_bytes(tmp_path: Path) -> None:
    net = tmp_path / "net"
    net.mkdir()
    (net / "tcp").write_text(HEAD + line("0A00A8C0", "01") + line("0100007F", "01") + line("08080808", "0A"))
    (net / "tcp6").write_text(
        HEAD + line("0000000000000000FFFF000008080808", "01") + line("00000000000000000000000001000000", "01")
    )
    (net / "dev").write_text("Inter-|\n face |\n    lo: 1 0 0 0 0 0 0 0 1\n  eth0: 2000 3 0 0 0 0 0 0 5000 4 0 0\n")
    network = read_network(tmp_path)
    assert network.peers == ("8.8.8.8", "192.168.0.10")
    assert network.outside == ("8.8.8.8",)
    assert network.interfaces == (Interface("eth0", 5000, 2000),)


def test_read_network__nothing_to_read__says_nothing(tmp_path: Path) -> None:
    assert read_network(tmp_path / "missing").peers == ()
