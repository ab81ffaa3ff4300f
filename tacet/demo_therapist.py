import asyncio
import re
import secrets
import ssl
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from app.box.invitations import read_setup_code
from app.errors import TacetError

GROUP = re.compile(r"</span>([0-9A-Z*~$=]+)</li>")
ASKED = re.compile(r"type group (\d+)")

KEPT_FOR_S = 2.0  # an idle connection, which the page closes after 5 s: a question on its way then would be lost


class Therapist:
    """Sets a box up and reads its transcript over HTTPS, as a browser would, with a passphrase that nobody knows."""

    def __init__(self, port: int, data_dir: Path) -> None:
        self._url = f"https://localhost:{port}"
        self._certificate = data_dir / "tls/cert.pem"
        self._box_dir = data_dir / "box"
        self._client: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client:
            await self._client.aclose()

    async def set_up(self, within_s: float, passphrase: str | None = None) -> None:
        """Wait for the page and make the vault; nobody keeps its recovery code, nor a passphrase made up here."""
        try:
            async with asyncio.timeout(within_s):
                client = await self._reach()
        except TimeoutError:
            raise TacetError(f"The box's page did not start within {within_s:g} s. Run the demo again.") from None
        passphrase = passphrase or secrets.token_urlsafe(24)
        form = {"code": read_setup_code(self._box_dir) or "", "name": "Demo"}
        answer = await client.post("/setup", data=form | {"passphrase": passphrase, "again": passphrase})
        code = await client.get("/setup/recovery-code")
        groups, asked = GROUP.findall(code.text), ASKED.search(code.text)
        if answer.status_code != httpx2.codes.SEE_OTHER or asked is None:
            raise TacetError("The box did not let itself be set up. Run the demo again.")
        await client.post("/setup/recovery-code", data={"group": groups[int(asked[1]) - 1]})

    async def session(self) -> dict[str, Any]:
        """Give the one session of this box as it stands."""
        client = await self._reach()
        sessions = (await client.get("/sessions.json")).raise_for_status().json()
        if not sessions:
            return {"problem": None, "finished": False, "transcript": [], "not_understood": [], "duration_ms": 1}
        found = await client.get(f"/sessions/{sessions[0]['id']}/transcript.json")
        session: dict[str, Any] = found.raise_for_status().json()
        return session

    async def shown_ms(self) -> int:
        """How far the page shows words of the one session; the first sample is 0."""
        client = await self._reach()
        sessions = (await client.get("/sessions.json")).raise_for_status().json()
        return int(sessions[0]["shown_ms"]) if sessions else 0

    async def _reach(self) -> httpx2.AsyncClient:
        while self._client is None:
            await asyncio.sleep(0.1)
            if not self._certificate.exists():
                continue
            client = self._new_client()
            try:
                await client.get("/")
            except httpx2.TransportError:
                await client.aclose()
            else:
                self._client = client
        return self._client

    def _new_client(self) -> httpx2.AsyncClient:
        trust = ssl.create_default_context(cafile=str(self._certificate))
        return httpx2.AsyncClient(
            base_url=self._url,
            verify=trust,
            headers={"Origin": self._url},
            timeout=300.0,
            limits=httpx2.Limits(keepalive_expiry=KEPT_FOR_S),
        )
