"""Statements about who said what. Each function runs within the caller's transaction."""

import json
from typing import Any

from app.domain import Attribution, Place, Told, Turn, VoiceChange, VoiceChangeKind
from app.vault.database import Connection, Row


def insert_attribution(connection: Connection, session_id: str, attribution: Attribution) -> None:
    """Idempotent: the first attribution of a session stays."""
    turns = [(turn.start_ms, turn.end_ms, turn.speaker, turn.sure) for turn in attribution.turns]
    connection.execute(
        "INSERT INTO attributions (session_id, turns, told, voices, dead_channel, whole) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (
            session_id,
            json.dumps(turns, separators=(",", ":")),
            attribution.told,
            attribution.voices,
            attribution.dead_channel,
            json.dumps(attribution.whole),
        ),
    )


def read_attribution(connection: Connection, session_id: str) -> Attribution | None:
    row = connection.execute(
        "SELECT turns, told, voices, dead_channel, whole FROM attributions WHERE session_id = ?", (session_id,)
    ).fetchone()
    if row is None:
        return None
    turns, told, voices, dead_channel, whole = row
    told_turns = tuple(Turn(*turn) for turn in json.loads(turns))
    return Attribution(told_turns, Told(told), voices, dead_channel, tuple(json.loads(whole)))


def insert_change(connection: Connection, session_id: str, change: VoiceChange) -> None:
    """Add the change; the database gives it its `change_id`."""
    detail = {"speaker": change.speaker, "other": change.other, "first": change.first, "last": change.last}
    connection.execute(
        "INSERT INTO voice_changes (session_id, kind, detail, author, changed_at_ms, undoes) VALUES (?, ?, ?, ?, ?, ?)",
        (session_id, change.kind, json.dumps(detail), change.author, change.changed_at_ms, change.undoes),
    )


def read_changes(connection: Connection, session_id: str) -> list[VoiceChange]:
    """Every change, oldest first."""
    rows = connection.execute(
        "SELECT change_id, kind, detail, author, changed_at_ms, undoes FROM voice_changes WHERE session_id = ?"
        " ORDER BY change_id",
        (session_id,),
    )
    return [_change(row) for row in rows]


def _change(row: Row) -> VoiceChange:
    change_id, kind, detail, author, at_ms, undoes = row
    found: dict[str, Any] = json.loads(detail)
    return VoiceChange(
        kind=VoiceChangeKind(kind),
        speaker=found["speaker"],
        other=found["other"],
        first=_place(found["first"]),
        last=_place(found["last"]),
        change_id=change_id,
        author=author,
        changed_at_ms=at_ms,
        undoes=undoes,
    )


def _place(found: list[int] | None) -> Place | None:
    return (found[0], found[1]) if found else None
