"""The page of the picture and what it asks for: its files, one stream of events, press and release."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from secrets import token_urlsafe
from string import Template
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from fastapi.staticfiles import StaticFiles
from starlette.middleware import Middleware

from firmware.button import HOLD_MS
from firmware.status import RecorderClient
from tacet.simulator.panel_link import PanelAwayError, PanelLink
from tacet.simulator.shield import Shield
from tacet.simulator.stage import Scene, Stage
from tacet.simulator.words import tell

STATIC = files(__package__) / "static"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around the picture and never changes while the page runs."""

    port: int
    review_url: str
    room: str  # a sentence: what is heard in the room


def create_app(run_dir: Path, around: Surroundings, stage: Stage) -> FastAPI:
    """Serve the picture of the box whose recorder lives in `run_dir`; closing `stage` ends the open streams."""
    panel = PanelLink(run_dir / "panel.sock", stage)
    recorder = RecorderClient(run_dir / "recorder.sock")

    @asynccontextmanager
    async def follow(_app: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            following = [tasks.create_task(panel.run()), tasks.create_task(_follow_status(recorder, stage))]
            yield
            for task in following:
                task.cancel()

    app = FastAPI(
        lifespan=follow,
        middleware=[Middleware(Shield, port=around.port)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    _add_picture(app, around)
    _add_hands(app, panel, stage)
    return app


def _add_picture(app: FastAPI, around: Surroundings) -> None:
    template = Template((STATIC / "box.html").read_text("utf-8"))
    html = template.substitute(review_url=escape(around.review_url), room=escape(around.room), hold_ms=HOLD_MS)

    @app.get("/", response_class=HTMLResponse)
    async def picture() -> str:
        return html

    app.mount("/static", StaticFiles(directory=str(STATIC)))


def _add_hands(app: FastAPI, panel: PanelLink, stage: Stage) -> None:
    """A page has one hand, known by the stream it listens to; the hand leaves the button when the stream ends."""
    hands: set[str] = set()

    async def listening_hand() -> AsyncIterator[str]:
        hand = token_urlsafe(16)
        hands.add(hand)
        try:
            yield hand
        finally:
            hands.discard(hand)
            panel.release(hand)

    @app.get("/events", response_class=EventSourceResponse)
    async def events(hand: Annotated[str, Depends(listening_hand)]) -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(event="hand", data=hand)
        shown: dict[str, object] = {}
        async for scene in stage.watch():
            drawn = _drawn(scene)
            if drawn != shown:
                shown = drawn
                yield ServerSentEvent(event="scene", data=drawn)

    @app.post("/hands/{hand}/press", status_code=204)
    async def press(hand: str) -> None:
        if hand not in hands:
            raise HTTPException(409, "This page has lost the box. Load it again.")
        try:
            panel.press(hand)
        except PanelAwayError as problem:
            raise HTTPException(503, str(problem)) from None

    @app.post("/hands/{hand}/release", status_code=204)
    async def release(hand: str) -> None:
        panel.release(hand)


def _drawn(scene: Scene) -> dict[str, object]:
    status = scene.status if scene.pins else None
    pins = asdict(scene.pins) if scene.pins else {"red": False, "green": False}
    return {"pins": pins, "light": status.light.red if status else "off", **asdict(tell(status))}


async def _follow_status(recorder: RecorderClient, stage: Stage) -> None:
    async for status in recorder.watch():
        stage.show_status(status)
