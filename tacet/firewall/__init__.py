"""Whom the box may call: the servers that tacet.toml names, and nobody else. The rules stand in nftables.conf."""
