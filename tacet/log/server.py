"""Gives lines of the log to the app, and to nobody else: the socket's group says who may ask."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, Protocol

from pydantic import ValidationError

from app.errors import TacetError
from app.log_lines import SOCKET_NAME, LogLine, LogProblem, LogWish

_ASKS_WITHIN_S: Final = 10.0
NO_WISH: Final = "That is no question that the log can answer."


class Log(Protocol):
    async def lines(self, wish: LogWish) -> list[LogLine]:
        """Newest first. Raises TacetError, a sentence, where nothing can be read."""
        ...


class LogServer:
    """Answers one question a connection."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.asked = asyncio.Event()  # set by each question
        self.answering = 0  # at this moment

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Also to somebody who hangs up, or asks nothing."""
        self.asked.set()
        self.answering += 1
        try:
            async with asyncio.timeout(_ASKS_WITHIN_S):
                question = await reader.readline()
            for said in await self._answered(question):
                writer.write(said.model_dump_json().encode() + b"\n")
            await writer.drain()
        except (OSError, TimeoutError, ValueError):
            pass
        finally:
            self.answering -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answered(self, question: bytes) -> list[LogLine] | list[LogProblem]:
        try:
            return await self._log.lines(LogWish.model_validate_json(question))
        except ValidationError:
            return [LogProblem(problem=NO_WISH)]
        except TacetError as error:
            return [LogProblem(problem=str(error))]


@contextlib.asynccontextmanager
async def served(log: Log, run_dir: Path) -> AsyncIterator[None]:
    """Serve on a socket of this user's, while the context lasts."""
    path = run_dir / SOCKET_NAME
    server = await asyncio.start_unix_server(LogServer(log).answer, path)
    path.chmod(0o600)
    async with server:
        yield
    path.unlink(missing_ok=True)


async def serve_handed_over(log: Log, listener: socket.socket, rests_after_s: float) -> None:
    """Serve on a socket that systemd made; end once nobody has asked for a while: it starts this again."""
    serving = LogServer(log)
    serving.asked.set()  # systemd starts this because somebody asks
    async with await asyncio.start_unix_server(serving.answer, sock=listener):
        while serving.answering or serving.asked.is_set():
            serving.asked.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rests_after_s):
                    await serving.asked.wait()
