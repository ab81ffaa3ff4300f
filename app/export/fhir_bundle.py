"""An approved session as a FHIR R4 document. The one file that imports fhir.resources, which validates every resource.

The definitions are R4B's (4.3.0): of what is used here nothing differs from R4 (4.0.1).
Source: https://hl7.org/fhir/R4/documents.html.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from fhir.resources.R4B.bundle import Bundle

from app.export.approved import ApprovedDocument
from app.export.statements import REDISCLOSURE, machine_statement, note_sections, note_statement
from app.export.words import render_text
from app.records.consent import Consent

_LOINC = "http://loinc.org"
_SYSTEM = "urn:tacet"


def render_fhir(document: ApprovedDocument) -> bytes:
    """A Bundle of type document, validated: a Composition that leads to all the rest."""
    entries = [
        _composition(document),
        _patient(document),
        _practitioner(document),
        _device(document),
        _encounter(document),
        _document_reference(document),
        *(_consent(document, one) for one in document.consents),
        _provenance(document),
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": "document",
        "identifier": {"system": _SYSTEM, "value": document.approval.content_hash},
        "timestamp": _instant(document.approval.approved_at_ms),
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in entries],
    }
    if document.substance_use:
        bundle["meta"] = {"security": [_restricted()]}
    return Bundle.model_validate(bundle).model_dump_json(indent=2).encode()


def _composition(document: ApprovedDocument) -> dict[str, Any]:
    note = [_section(f"Note: {name}", "\n".join(sentences)) for name, sentences in note_sections(document)]
    sections = [
        *note,
        *([_section("Origin of the note", note_statement(document))] if note else []),
        _section("Transcript", render_text(document)),
        _section("Origin", machine_statement(document)),
    ]
    if document.substance_use:
        sections.append(_section("Redisclosure", REDISCLOSURE))
    return {
        "resourceType": "Composition",
        "id": _id(document, "composition"),
        "language": document.language,
        "status": "final",
        "type": _coding("34109-9", "Note"),
        "subject": _to(document, "patient"),
        "encounter": _to(document, "encounter"),
        "date": _instant(document.approval.approved_at_ms),
        "author": [_to(document, "practitioner"), _to(document, "device")],
        "title": "Session transcript",
        "confidentiality": "R" if document.substance_use else "N",
        "attester": [
            {
                "mode": "professional",
                "time": _instant(document.approval.approved_at_ms),
                "party": _to(document, "practitioner"),
            }
        ],
        "section": sections,
    }


def _section(title: str, text: str) -> dict[str, Any]:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").strip()
    lines = "<br/>".join(escaped.split("\n"))
    return {
        "title": title,
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{lines}</p></div>'},
    }


def _patient(document: ApprovedDocument) -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": "Patient", "id": _id(document, "patient")}
    if document.client is not None:
        found["identifier"] = [{"system": f"{_SYSTEM}:client", "value": document.client.client_id}]
        found["name"] = [{"text": document.client.name}]
    return found


def _practitioner(document: ApprovedDocument) -> dict[str, Any]:
    return {
        "resourceType": "Practitioner",
        "id": _id(document, "practitioner"),
        "name": [{"text": document.approval.approved_by}],
    }


def _device(document: ApprovedDocument) -> dict[str, Any]:
    names = [{"name": name, "type": "model-name"} for name in document.models]
    return {
        "resourceType": "Device",
        "id": _id(document, "device"),
        "deviceName": [{"name": "Tacet", "type": "user-friendly-name"}, *names],
    }


def _encounter(document: ApprovedDocument) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": _id(document, "encounter"),
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "subject": _to(document, "patient"),
        "participant": [{"individual": _to(document, "practitioner")}],
        "period": {
            "start": _instant(document.started_at_ms),
            "end": _instant(document.started_at_ms + document.duration_ms),
        },
    }


def _document_reference(document: ApprovedDocument) -> dict[str, Any]:
    text = render_text(document).encode()
    return {
        "resourceType": "DocumentReference",
        "id": _id(document, "document"),
        "status": "current",
        "docStatus": "final",
        "type": _coding("34109-9", "Note"),
        "subject": _to(document, "patient"),
        "date": _instant(document.approval.approved_at_ms),
        "author": [_to(document, "practitioner"), _to(document, "device")],
        "authenticator": _to(document, "practitioner"),
        "description": machine_statement(document),
        "securityLabel": [{"coding": [_restricted()]}] if document.substance_use else None,
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain; charset=utf-8",
                    "language": document.language,
                    "data": base64.b64encode(text).decode(),
                    "size": len(text),
                    "hash": base64.b64encode(hashlib.sha1(text, usedforsecurity=False).digest()).decode(),
                    "title": "Session transcript",
                }
            }
        ],
        "context": {"encounter": [_to(document, "encounter")]},
    }


def _consent(document: ApprovedDocument, consent: Consent) -> dict[str, Any]:
    return {
        "resourceType": "Consent",
        "id": _id(document, f"consent {consent.consent_id}"),
        "status": "active",
        "scope": {"coding": [_code("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")]},
        "category": [_coding("59284-0", "Consent Document")],
        "patient": _to(document, "patient"),
        "dateTime": _instant(consent.signed_at_ms),
        "policyRule": {"text": f"{consent.text.title}, {consent.text.language} {consent.text.version}"},
        "provision": {
            "type": "permit",
            "code": [{"text": scope.value} for scope in sorted(consent.scopes)],
        },
    }


def _provenance(document: ApprovedDocument) -> dict[str, Any]:
    who = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
    return {
        "resourceType": "Provenance",
        "id": _id(document, "provenance"),
        "target": [_to(document, "composition"), _to(document, "document")],
        "recorded": _instant(document.approval.approved_at_ms),
        "agent": [
            {"type": {"coding": [_code(who, "assembler")]}, "who": _to(document, "device")},
            {"type": {"coding": [_code(who, "attester")]}, "who": _to(document, "practitioner")},
        ],
        "entity": [
            {
                "role": "source",
                "what": {
                    "identifier": {"system": f"{_SYSTEM}:content-sha256", "value": document.approval.content_hash}
                },
            }
        ],
    }


def _restricted() -> dict[str, str]:
    return _code("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R")


def _coding(code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": _LOINC, "code": code, "display": display}]}


def _code(system: str, code: str) -> dict[str, str]:
    return {"system": system, "code": code}


def _to(document: ApprovedDocument, what: str) -> dict[str, str]:
    return {"reference": f"urn:uuid:{_id(document, what)}"}


def _id(document: ApprovedDocument, what: str) -> str:
    """The same resource has the same id in every export of this approval."""
    return str(uuid5(NAMESPACE_URL, f"{_SYSTEM}:{document.approval.content_hash}:{what}"))


def _instant(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")


def validate(content: bytes) -> None:
    """Raise ValueError where the bytes are no FHIR document of ours; for tests and for who receives one."""
    Bundle.model_validate(json.loads(content))
