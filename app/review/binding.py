"""What an approval binds to: named parts, each with its digest, and one hash over all of it. Pure.

    manifest = canonical JSON of {
        "format", "session_id", "started_at_ms",      which session
        "parts": {name: SHA-256 of its canonical JSON},  what was approved
        "attestation", "approved_by", "approved_at_ms",  what was said to it, by whom, when
        "done"                                           what had actually been done by then (app.review.duties)
    }
    content_hash = SHA-256 of the manifest

Canonical JSON: keys sorted, no spaces, UTF-8, no floats. A part that holds nothing (None) is left out, so that an
approval given before a part was invented still verifies. Two parts are made of the transcript here; the others come
with the content, from the modules that own their rows (`app.vault.bound_parts`).
"""

import hashlib
import hmac
import json

from app.domain import Addendum, Approval
from app.review.cast import cast_of
from app.review.lines import lines_of
from app.vault.session_content import SessionContent

FORMAT = "tacet approval 1"


def content_hash(content: SessionContent, approval: Approval) -> str:
    """Give the hash, 64 hex digits. The approval's own hash takes no part."""
    return _digest(
        {
            "format": FORMAT,
            "session_id": content.row.head.session_id,
            "started_at_ms": content.row.head.started_at_ms,
            "parts": part_digests(content),
            "attestation": approval.attestation,
            "approved_by": approval.approved_by,
            "approved_at_ms": approval.approved_at_ms,
            "done": approval.done,
        }
    )


def addendum_hash(approval_hash: str, text: str, author: str, added_at_ms: int) -> str:
    """Give the hash of something said later, 64 hex digits; it binds to what the approval binds."""
    return _digest({"approval": approval_hash, "text": text, "author": author, "added_at_ms": added_at_ms})


def is_as_added(addendum: Addendum, approval: Approval) -> bool:
    expected = addendum_hash(approval.content_hash, addendum.text, addendum.author, addendum.added_at_ms)
    return hmac.compare_digest(expected, addendum.content_hash)


def is_as_approved(content: SessionContent, approval: Approval) -> bool:
    return hmac.compare_digest(content_hash(content, approval), approval.content_hash)


def part_digests(content: SessionContent) -> dict[str, str]:
    """Give the SHA-256 of every part that holds something, 64 hex digits, by name."""
    return {name: _digest(part) for name, part in bound_parts(content).items() if part is not None}


def bound_parts(content: SessionContent) -> dict[str, object]:
    """Give what is approved: JSON values by name, None for a part that holds nothing."""
    cast = cast_of(content)
    return {
        "lines": _lines(content),
        "pauses_ms": [pause.at_ms for pause in content.pauses],
        "therapist": cast.therapist,
        "names": dict(cast.names) or None,
        **content.parts,
    }


def canonical(value: object) -> str:
    """Write a JSON value in its one form."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def _lines(content: SessionContent) -> list[dict[str, object]]:
    return [
        {
            "seq": line.seq,
            "start_ms": line.start_ms,
            "end_ms": line.end_ms,
            "speaker": line.speaker,
            "text": line.text,
        }
        for line in lines_of(content)
    ]


def _digest(value: object) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()
