"""A box in the middle of a practice's week: sessions in every state, clients, consent, a note, receipts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from support.web_box import NAME, WebBox, fill
from support.web_hearings import hear_anew
from support.web_practice import add_clients

from app.client_rights import erase_client
from app.domain import MarkKind
from app.noting import Noting
from app.records.people import ClientDetails
from app.review import Review
from app.vault.vault import Vault


@dataclass(frozen=True)
class Practice:
    """Ids to visit."""

    vault: Vault
    draft: str  # edited, marked, with a note
    approved: str  # heard anew, with an addendum
    live: str
    withdrawn: str
    client_id: str
    person_id: str
    series_id: str
    recurrence: str
    certificate_id: str
    sentence_id: int


def fill_practice(box: WebBox, vault: Vault, now_ms: int) -> Practice:
    draft, approved, live, _, withdrawn, _ = fill(box, vault, now_ms)
    review, desk = Review(vault), box.app.state.desk
    review.edit(draft, 1, "Yes, that is fine. I pressed the button myself.", NAME)
    review.edit(draft, 8, "", NAME)
    review.mark(draft, MarkKind.CONTEXT, 2, "a long look at the door", NAME)
    review.mark(draft, MarkKind.REDACTED, 2, "sister", NAME)
    review.mark(draft, MarkKind.PRIVATE, 4, "for supervision", NAME)
    vault.reviews.put_unkept(draft, 6, "half a thought", NAME)
    hear_anew(vault, approved, {"the": "a", "you": "they"})
    desk.drafting.draft_waiting(vault)
    client_id = add_clients(vault)
    for session_id in (draft, approved):
        vault.clients.link(session_id, client_id, NAME)
    _settle(vault, approved)
    review.approve(approved, NAME)
    review.add(approved, "The sister's name is spelt Anne.", NAME)
    vault.keeping.mark(now_ms)
    desk.indexer.look(vault)
    desk.withdrawals.withdraw(vault, withdrawn)
    gone = vault.clients.add(ClientDetails("Somebody"))
    certificate = erase_client(vault, desk.withdrawals, gone.client_id)
    now = datetime.now(vault.appointments.zone)
    occurrence = vault.appointments.between(now - timedelta(days=7), now + timedelta(days=7))[0]
    note = vault.notes.note(draft)
    assert note is not None
    person = vault.clients.get(client_id).people[0]
    return Practice(
        vault,
        draft,
        approved,
        live,
        withdrawn,
        client_id,
        person.person_id,
        occurrence.series.series_id,
        occurrence.recurrence,
        certificate.certificate_id,
        note.sentences[0].sentence_id,
    )


def _settle(vault: Vault, session_id: str) -> None:
    """Accept what is flagged in its note, so that it can be approved."""
    noting = Noting(vault)
    opened = noting.open(session_id)
    for one in opened.standing if opened else ():
        if one.is_open:
            noting.accept(session_id, one.sentence_id, NAME)
