"""Statements about who said what. Each function runs within the caller's transaction."""

import json
from typing import Any

from app.domain import Attribution, KeptLine, Place, Told, Turn, VoiceChange, VoiceChangeKind
from app.vault.database import Connection, Row

USUAL_PEOPLE = 2  # unless somebody says otherwise


def insert_attribution(connection: Connection, session_id: str, attribution: Attribution) -> None:
    turns = [(turn.start_ms, turn.end_ms, turn.speaker, turn.sure) for turn in attribution.turns]
    connection.execute(
        "INSERT INTO attributions"
        " (session_id, turns, told, voices, dead_channel, whole, overlaps, therapist, asked, kept)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            session_id,
            json.dumps(turns, separators=(",", ":")),
            attribution.told,
            attribution.voices,
            attribution.dead_channel,
            json.dumps(attribution.whole),
            json.dumps(attribution.overlaps, separators=(",", ":")),
            attribution.therapist,
            attribution.asked,
            json.dumps([(kept.first, kept.last, kept.speaker) for kept in attribution.kept]),
        ),
    )


def read_attribution(connection: Connection, session_id: str) -> Attribution | None:
    """The latest one."""
    row = connection.execute(
        "SELECT turns, told, voices, dead_channel, whole, overlaps, therapist, asked, kept FROM attributions"
        " WHERE session_id = ? ORDER BY attribution_id DESC LIMIT 1",
        (session_id,),
    ).fetchone()
    return _attribution(row) if row else None


def last_attribution(connection: Connection, session_id: str) -> int:
    """Its number, which grows with every attribution of the vault; 0 for none."""
    (found,) = connection.execute(
        "SELECT max(attribution_id) FROM attributions WHERE session_id = ?", (session_id,)
    ).fetchone()
    return found or 0


def people_wanted(connection: Connection, session_id: str) -> int | None:
    """How many people are to be told apart, where somebody said so and did not take it back."""
    row = connection.execute(
        "SELECT detail FROM voice_changes WHERE session_id = ?1 AND kind = 'people' AND undoes IS NULL AND change_id"
        " NOT IN (SELECT undoes FROM voice_changes WHERE session_id = ?1 AND undoes IS NOT NULL)"
        " ORDER BY change_id DESC LIMIT 1",
        (session_id,),
    ).fetchone()
    return int(json.loads(row[0])["people"]) if row else None


def to_tell_anew(connection: Connection) -> list[tuple[str, int]]:
    """The sessions under review that were told for another number of people than somebody said, and that number."""
    rows = connection.execute(
        "SELECT session_id, (SELECT asked FROM attributions WHERE attributions.session_id = sessions.session_id"
        " ORDER BY attribution_id DESC LIMIT 1) AS asked FROM sessions WHERE state IN ('drafted', 'in_review')"
        " AND session_id IN (SELECT session_id FROM voice_changes WHERE kind = 'people') AND asked IS NOT NULL"
    ).fetchall()
    wanted = [(session_id, people_wanted(connection, session_id) or USUAL_PEOPLE, asked) for session_id, asked in rows]
    return [(session_id, people) for session_id, people, asked in wanted if people != asked]


def _attribution(row: Row) -> Attribution:
    turns, told, voices, dead_channel, whole, overlaps, therapist, asked, kept = row
    return Attribution(
        turns=tuple(Turn(*turn) for turn in json.loads(turns)),
        told=Told(told),
        voices=voices,
        dead_channel=dead_channel,
        whole=tuple(json.loads(whole)),
        overlaps=tuple((start_ms, end_ms) for start_ms, end_ms in json.loads(overlaps)),
        therapist=therapist,
        asked=asked,
        kept=tuple(KeptLine(tuple(first), tuple(last), speaker) for first, last, speaker in json.loads(kept)),
    )


def insert_change(connection: Connection, session_id: str, change: VoiceChange) -> None:
    """Add the change; the database gives it its `change_id`."""
    names = ("speaker", "other", "first", "last", "names", "people")
    detail = {name: getattr(change, name) for name in names}
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
        names=tuple((speaker, name) for speaker, name in found.get("names", ())),
        people=found.get("people", 0),
        change_id=change_id,
        author=author,
        changed_at_ms=at_ms,
        undoes=undoes,
    )


def _place(found: list[int] | None) -> Place | None:
    return (found[0], found[1]) if found else None
