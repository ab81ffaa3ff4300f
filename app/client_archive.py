"""Everything that is held about a client, as one file that is made while it is sent. Handles speech in clear."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from app.archived_sound import sound_name, sound_pieces
from app.domain import SessionRow
from app.notes.standing import standing_of
from app.records.consent import SCOPE_WORDS, ConsentRecord
from app.records.people import Client
from app.review import lines_of, transcript_of
from app.vault.session_content import SessionContent
from app.vault.vault import Vault
from app.zipping import Member, zipped
from firmware.tape import TapeError


def archive(vault: Vault, client_id: str, tapes_dir: Path) -> Iterator[bytes]:
    """Give the pieces of a ZIP file: a page to read, the same as JSON, and the sound of every session that has some.

    Drafts are in it, marked as what they are: the law gives a person what is held, approved or not. Process notes are
    not: nothing here can open them, and the right of access does not reach them (45 CFR 164.524(a)(1)(i)).

    Raises:
        NoSuchClient: It is not there; at once, not while the pieces are taken.
    """
    facts = _facts(vault, vault.clients.get(client_id), tapes_dir)
    return zipped(_members(vault, facts, tapes_dir))


def _members(vault: Vault, facts: dict[str, Any], tapes_dir: Path) -> Iterator[Member]:
    yield Member("read-me-first.html", [_page(facts).encode()])
    yield Member("everything.json", [json.dumps(facts, ensure_ascii=False, indent=2).encode()])
    for session in facts["sessions"]:
        if session["sound"] is not None:
            yield _sound(vault, tapes_dir / session["session_id"], session["sound"])


def _sound(vault: Vault, tape: Path, name: str) -> Member:
    try:
        return Member(name, sound_pieces(vault, tape), shrinks=False)
    except TapeError:
        return Member(
            f"{name} could not be read.txt", [b"Ask the practice: what is left of this recording is damaged."]
        )


def _facts(vault: Vault, client: Client, tapes_dir: Path) -> dict[str, Any]:
    return {
        "format": "tacet client archive 1",
        "held by": vault.account.name,
        "client": asdict(client),
        "consents": [_consent(record) for record in vault.consents.records(client.client_id)],
        "legal holds": [asdict(one) for one in vault.keeping.holds(client.client_id)],
        "appointments": [asdict(one) for one in vault.appointments.held_of(client.client_id)],
        "sessions": [_session(vault, row, tapes_dir) for row in vault.clients.sessions(client.client_id)],
    }


def _consent(record: ConsentRecord) -> dict[str, Any]:
    return {
        "person": record.person.name,
        "signed": [
            {
                "wording": asdict(one.text),
                "agreed to": [SCOPE_WORDS[scope] for scope in sorted(one.scopes)],
                "how": one.method,
                "name": one.signed_name,
                "signed_at_ms": one.signed_at_ms,
            }
            for one in record.consents
        ],
        "taken back": [asdict(one) | {"scopes": sorted(one.scopes)} for one in record.withdrawals],
    }


def _session(vault: Vault, row: SessionRow, tapes_dir: Path) -> dict[str, Any]:
    session_id = row.head.session_id
    content = vault.sessions.content(session_id)
    approval = content.approval
    return {
        "session_id": session_id,
        "started_at_ms": row.head.started_at_ms,
        "duration_ms": row.duration_ms,
        "status": "approved" if approval else "draft: written by a machine, not reviewed",
        "sound": sound_name(session_id) if (tapes_dir / session_id).is_dir() else None,
        "sound erased at ms": vault.keeping.sound_erased_at(session_id),
        "approval": asdict(approval) if approval else None,
        "exports": [asdict(one) for one in vault.approvals.exports(session_id)],
        "lines": [
            {"start_ms": line.start_ms, "speaker": line.voice, "text": line.text, "machine": line.machine_text}
            for line in lines_of(content)
        ],
        "heard otherwise": [
            {"start_ms": one.start_ms, "speaker": one.speaker, "text": one.text, "model": one.model}
            for one in vault.hearings.other(session_id)
        ],
        "noted beside lines": [asdict(one) | {"kind": one.kind.value} for one in content.marks],
        "corrections": [asdict(one) for one in vault.sessions.session_edits(session_id)],
        "added after approval": [asdict(one) for one in vault.reviews.addenda(session_id)],
        "note": _note(content),
    }


def _note(content: SessionContent) -> dict[str, list[dict[str, str]]]:
    """What stands in the note, by section; the client's right is to what is held, so nothing is covered."""
    if content.note is None:
        return {}
    found: dict[str, list[dict[str, str]]] = {}
    for one in standing_of(content.note, transcript_of(content)):
        sentence = {"text": one.text, "written by": one.author or "a machine"}
        found.setdefault(one.heading or "Key points", []).append(sentence)
    return found


def _page(facts: dict[str, Any]) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>What is held about you</title>'
        "<style>body{font:1rem/1.5 sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}"
        "dt{font-weight:600}dd{margin:0 0 .5rem}section{border-top:1px solid #bbb}</style>"
        "<h1>What is held about you</h1><p>Everything that this box holds. The recorded sound lies "
        f"beside this page, in the folder sound.</p>{_as_html(facts)}</html>"
    )


def _as_html(value: Any) -> str:
    if isinstance(value, dict):
        rows = "".join(f"<dt>{escape(str(name))}</dt><dd>{_as_html(one)}</dd>" for name, one in value.items())
        return f"<dl>{rows}</dl>"
    if isinstance(value, list | tuple):
        return "".join(f"<section>{_as_html(one)}</section>" for one in value) or "none"
    return escape("none" if value in (None, "") else str(value))
