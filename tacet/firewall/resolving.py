"""Asks systemd-resolved for a name's addresses, so that who opens the firewall needs no network itself.

Source: io.systemd.Resolve.ResolveHostname, varlink: one JSON object each way, ended by a zero byte.
"""

import json
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from app.errors import TacetError

RESOLVED: Final = Path("/run/systemd/resolve/io.systemd.Resolve")
_ANSWERS_WITHIN_S: Final = 30.0
_END: Final = b"\0"


def addresses_of(host: str, resolved: Path = RESOLVED) -> list[str]:
    """All that a name has; an address is its own.

    Raises:
        TacetError: nobody knows the name, or nobody can be asked now.
    """
    try:
        return [str(ip_address(host))]
    except ValueError:
        pass
    try:
        parameters = _asked(host, resolved)["parameters"]
        return [str(ip_address(bytes(one["address"]))) for one in parameters["addresses"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TacetError(f"{host} is not known to the network's name servers") from error


def _asked(host: str, resolved: Path) -> dict[str, Any]:
    question = {"method": "io.systemd.Resolve.ResolveHostname", "parameters": {"name": host}}
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(_ANSWERS_WITHIN_S)
        asking.connect(str(resolved))
        asking.sendall(json.dumps(question).encode() + _END)
        said = b""
        while _END not in said and (more := asking.recv(65536)):
            said += more
    answer: dict[str, Any] = json.loads(said.partition(_END)[0])
    return answer
