"""The first page of an app that runs as a process of its own."""

import ssl
import urllib.request
from pathlib import Path


def front_page(data_dir: Path, port: int) -> str:
    """Empty while the app does not answer yet."""
    try:
        trust = ssl.create_default_context(cafile=str(data_dir / "tls/cert.pem"))
        with urllib.request.urlopen(f"https://localhost:{port}/", context=trust) as page:
            return str(page.read().decode())
    except OSError:
        return ""
