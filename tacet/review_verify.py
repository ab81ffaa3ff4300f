"""`tacet review verify`: whether what a vault holds is still, to the character, what was approved. Prints no words."""

import argparse
import getpass
import json
from typing import Any

from app.review import Review, part_digests
from app.vault.vault import Vault


def verify(args: argparse.Namespace) -> int:
    """Check one session or all. Exit code 1 where an approval does not verify, or the session named has none.

    Raises TacetError for a vault that does not open and a session that is not in it.
    """
    vault = Vault.unlock(args.vault, getpass.getpass("Passphrase of the vault: "))
    try:
        ids = [args.session] if args.session else [row.head.session_id for row in vault.sessions.list()]
        facts = [_facts(vault, session_id) for session_id in ids]
    finally:
        vault.lock()
    print(json.dumps(facts, indent=2) if args.json else "\n".join(map(_line, facts)) or "No session in this vault.")
    bad = [one for one in facts if one["verified"] is False or (args.session and one["verified"] is None)]
    return 1 if bad else 0


def _facts(vault: Vault, session_id: str) -> dict[str, Any]:
    content = vault.sessions.content(session_id)
    approval = content.approval
    return {
        "session_id": session_id,
        "verified": Review(vault).verify(session_id) if approval else None,
        "content_hash": approval.content_hash if approval else None,
        "approved_by": approval.approved_by if approval else None,
        "approved_at_ms": approval.approved_at_ms if approval else None,
        "parts": part_digests(content),
        "addenda": len(vault.reviews.addenda(session_id)),
    }


def _line(facts: dict[str, Any]) -> str:
    session_id = facts["session_id"]
    if facts["verified"] is None:
        return f"{session_id}  not approved"
    word = "verified" if facts["verified"] else "DOES NOT VERIFY: not what was approved"
    return f"{session_id}  {word}  {facts['content_hash']}"
