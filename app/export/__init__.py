"""The only way of a session out of the box: approved, unchanged since, and logged. Handles speech in clear."""

from datetime import tzinfo

from app.export.approved import ApprovedDocument, NotApproved, note_export, open_approved
from app.export.words import render_text
from app.vault.vault import Vault

__all__ = ["ApprovedDocument", "NotApproved", "export_text", "note_export", "open_approved"]


def export_text(vault: Vault, session_id: str, author: str | None = None, zone: tzinfo | None = None) -> str:
    """The approved transcript as plain text, for a client's record. It is kept that it left, before it leaves.

    Args:
        vault: The session's vault.
        session_id: The session.
        author: Who exports; the vault's owner where nobody is named.
        zone: What dates are shown in; the practice's own where none is named.

    Raises:
        NotApproved: No approval stands, or the content is not what was approved.
        NoSuchSession: It is not in this vault.
    """
    document = open_approved(vault, session_id, zone)
    text = render_text(document)
    note_export(vault, document, "text", author or vault.account.name)
    return text
