"""What a client may ask for: that all that is held is erased, or the past with a consent. Handles speech in clear."""

from app.records.consent import Scope
from app.records.retention import Reason
from app.vault.errors import LegallyHeld
from app.vault.keeping import Certificate
from app.vault.vault import Vault
from app.withdrawal import Withdrawals
from firmware.tape import AskedBy

HELD = "A legal hold lies on this client, so nothing was erased. Lift the hold on the client's page first, if you may."


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
