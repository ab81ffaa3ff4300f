"""What a client may ask for: all that is held about them, and that it is erased. Handles speech in clear."""

import json
import zipfile
from dataclasses import asdict
from html import escape
from io import BytesIO
from typing import Any

from app.domain import SessionRow
from app.notes.standing import standing_of
from app.records.consent import SCOPE_WORDS, ConsentRecord, Scope
from app.records.people import Client
from app.records.retention import Reason
from app.review import lines_of, transcript_of
from app.vault.errors import LegallyHeld
from app.vault.keeping import Certificate
from app.vault.session_content import SessionContent
from app.vault.vault import Vault
from app.withdrawal import Withdrawals
from firmware.tape import AskedBy

HELD = "A legal hold lies on this client, so nothing was erased. Lift the hold on the client's page first, if you may."


def archive(vault: Vault, client_id: str) -> bytes:
    """Everything that the vault holds about a client, as a ZIP file: a page to read and the same as JSON.

    Drafts are in it, marked as what they are: the law gives a person what is held, approved or not. Process notes are
    not: nothing here can open them, and the right of access does not reach them (45 CFR 164.524(a)(1)(i)).

    Raises:
        NoSuchClient: It is not there.
    """
    facts = _facts(vault, vault.clients.get(client_id))
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("read-me-first.html", _page(facts))
        file.writestr("everything.json", json.dumps(facts, ensure_ascii=False, indent=2))
    return content.getvalue()


def erase_client(vault: Vault, withdrawals: Withdrawals, client_id: str) -> Certificate:
    """Erase a client with all sessions, appointments and consents, and give the certificate.

    Killed or refused in between, what is left is erased by another call.

    Raises:
        LegallyHeld: Nothing was erased.
        StillRecording: A session is going on; what could be erased before it is.
        NoSuchClient: It is not there (any more).
    """
    client = vault.clients.get(client_id)
    if vault.keeping.is_held(client.client_id):
        raise LegallyHeld(HELD)
    counts = _erase_sessions(vault, withdrawals, client.client_id, AskedBy.CLIENT)
    places = [vault.process_notes.erase(one) for one in vault.keeping.entries_of(client.client_id)]
    counts["process notes"] = sum(places)
    counts |= vault.keeping.erase_client(client.client_id)
    vault.search.tidy()
    return vault.keeping.certify(Reason.CLIENT_ERASED, {name: count for name, count in counts.items() if count})


def erase_past(
    vault: Vault, withdrawals: Withdrawals, client_id: str, person_id: str, scopes: frozenset[Scope]
) -> Certificate:
    """Take a person's consent back with all that was recorded of the client, and give the certificate.

    The consent goes first: killed or refused in between, nothing new is recorded, and another call erases what is left.

    Raises:
        LegallyHeld: Nothing was changed.
        StillRecording: A session is going on; the consent is taken back, and what could be erased before it is.
        NoSuchClient: It is not there (any more).
    """
    client = vault.clients.get(client_id)
    if vault.keeping.is_held(client.client_id):
        raise LegallyHeld(
            "A legal hold lies on this client, so nothing was erased. Take the consent back for the future."
        )
    vault.consents.withdraw(person_id, scopes, vault.account.name, past_erased=True)
    counts = _erase_sessions(vault, withdrawals, client.client_id, AskedBy.PAGE)
    return vault.keeping.certify(Reason.CONSENT_WITHDRAWN, counts)


def _erase_sessions(vault: Vault, withdrawals: Withdrawals, client_id: str, asked_by: AskedBy) -> dict[str, int]:
    rows = vault.clients.sessions(client_id)
    receipts = [withdrawals.withdraw(vault, row.head.session_id, asked_by) for row in rows]
    return {
        "sessions": len(receipts),
        "words": sum(one.words for one in receipts),
        "corrections": sum(one.edits for one in receipts),
    }


def _facts(vault: Vault, client: Client) -> dict[str, Any]:
    return {
        "format": "tacet client archive 1",
        "held by": vault.account.name,
        "client": asdict(client),
        "consents": [_consent(record) for record in vault.consents.records(client.client_id)],
        "legal holds": [asdict(one) for one in vault.keeping.holds(client.client_id)],
        "sessions": [_session(vault, row) for row in vault.clients.sessions(client.client_id)],
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


def _session(vault: Vault, row: SessionRow) -> dict[str, Any]:
    session_id = row.head.session_id
    content = vault.sessions.content(session_id)
    approval = content.approval
    return {
        "session_id": session_id,
        "started_at_ms": row.head.started_at_ms,
        "duration_ms": row.duration_ms,
        "status": "approved" if approval else "draft: written by a machine, not reviewed",
        "sound erased at ms": vault.keeping.sound_erased_at(session_id),
        "approval": asdict(approval) if approval else None,
        "exports": [asdict(one) for one in vault.approvals.exports(session_id)],
        "lines": [
            {"start_ms": line.start_ms, "speaker": line.speaker, "text": line.text, "machine": line.machine_text}
            for line in lines_of(content)
        ],
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
        "<h1>What is held about you</h1><p>Everything that this box holds. The recorded sound is listed with "
        f"its length; it can be heard at the practice.</p>{_as_html(facts)}</html>"
    )


def _as_html(value: Any) -> str:
    if isinstance(value, dict):
        rows = "".join(f"<dt>{escape(str(name))}</dt><dd>{_as_html(one)}</dd>" for name, one in value.items())
        return f"<dl>{rows}</dl>"
    if isinstance(value, list | tuple):
        return "".join(f"<section>{_as_html(one)}</section>" for one in value) or "none"
    return escape("none" if value in (None, "") else str(value))
