"""Sessions and transcripts as JSON, for scripts. The same sign-in as the pages."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse

from app.domain import SessionRow
from app.review import Line
from app.speech.overlaps import within
from app.web.audited import audited
from app.web.desk import Desk, Person, TheDesk
from app.web.opened import open_session

router = APIRouter()


@router.get("/sessions.json", dependencies=[audited("sessions.listed", "listed all sessions")])
def sessions(desk: TheDesk, person: Person) -> JSONResponse:
    """List the sessions, newest first; times are UTC epoch milliseconds."""
    return JSONResponse([_session(row) | _shown(desk, row) for row in person.vault.sessions.list()])


@router.get(
    "/sessions/{session_id}/transcript.json",
    dependencies=[audited("transcript.read", "read the transcript of the session")],
)
def transcript(person: Person, session_id: str) -> JSONResponse:
    """Give a transcript as it reads now; times count from the first sample."""
    opened = open_session(person, session_id)
    facts = _session(opened.row) | {
        "finished": not opened.live,
        "transcript": [_line(line) for line in opened.lines if not line.not_understood],
        "not_understood": [_span(line) for line in opened.lines if line.not_understood],
    }
    return JSONResponse(facts)


def _session(row: SessionRow) -> dict[str, Any]:
    return {
        "id": row.head.session_id,
        "state": row.state.value,
        "started_at_ms": row.head.started_at_ms,
        "samples": row.samples,
        "sample_rate_hz": row.head.sample_rate_hz,
        "channels": row.head.channels,
        "duration_ms": row.duration_ms,
        "heard_ms": row.transcribed_samples * 1000 // row.head.sample_rate_hz,
        "problem": row.problem,
    }


def _shown(desk: Desk, row: SessionRow) -> dict[str, Any]:
    """How far words are on the page: those stored, or further while a session goes on."""
    ahead = desk.pipeline.ahead(row.head.session_id)
    samples = max(row.transcribed_samples, ahead.until_sample if ahead else 0)
    return {"shown_ms": samples * 1000 // row.head.sample_rate_hz}


def _span(line: Line) -> dict[str, Any]:
    return {"start_ms": line.start_ms, "end_ms": line.end_ms, "speaker": line.speaker}


def _line(line: Line) -> dict[str, Any]:
    words = [
        {
            "start_ms": word.start_ms,
            "end_ms": word.end_ms,
            "word": word.text,
            "probability": word.probability,
            "speaker": line.speaker,
            "overlap": within(word.start_ms, word.end_ms, line.together),
        }
        for word in line.words
    ]
    return {
        "start_ms": line.start_ms,
        "end_ms": line.end_ms,
        "speaker": line.speaker,
        "voice": line.voice,
        "text": line.text,
        "words": words,
    }
