"""A practice's records to look at: clients, a week of appointments, consent, sessions that are gone."""

from datetime import datetime, timedelta

from support.web_box import DAY_MS, NAME, WebBox, fill

from app.client_rights import erase_client
from app.clock import Reading
from app.records.appointments import Repeat
from app.records.consent import Method, Scope
from app.records.people import ClientDetails, Kind
from app.records.retention import Rule
from app.review import Review
from app.vault.consents import Signing
from app.vault.vault import Vault

EMPTY_PAGES = {
    "clients-empty": "clients",
    "week-empty": "week",
    "search-start": "search",
    "keeping-empty": "keeping",
    "now-empty": "trust/now",
}


def practice_pages(box: WebBox, vault: Vault, now_ms: int) -> dict[str, str]:
    """Fill the vault; give the address of every page of the records, by name."""
    first, approved, erased, *_, expired = fill(box, vault, now_ms)
    client, gone = add_clients(vault), vault.clients.add(ClientDetails("C-09")).client_id
    for session_id, whose in ((first, client), (approved, client), (erased, gone)):
        vault.clients.link(session_id, whose, NAME)
    Review(vault).approve(approved, NAME)
    certificate = erase_client(vault, box.app.state.desk.withdrawals, gone).certificate_id
    _let_time_pass(box, vault, expired, now_ms)
    box.app.state.desk.indexer.look(vault)
    person = vault.clients.get(client).people[0].person_id
    occurrence = vault.appointments.between(*_this_week(vault))[0]
    day = datetime.fromtimestamp(occurrence.starts_at_ms / 1000, vault.appointments.zone).date()
    return {
        "clients": "clients",
        "client": f"clients/{client}",
        "client-form": "clients/new/form",
        "consent": f"clients/{client}/consent/{person}",
        "consent-back": f"clients/{client}/consent/{person}/take-back",
        "wording": "consent/wording",
        "week": "week",
        "week-day": "week?view=day",
        "appointment-new": "appointments/new",
        "appointment": f"appointments/{occurrence.series.series_id}/{occurrence.recurrence}?on={day.isoformat()}",
        "search": "search?q=light+red",
        "search-none": "search?q=zzzz",
        "keeping": "keeping",
        "erase-client": f"clients/{client}/erase",
        "session-record": f"sessions/{approved}/record",
        "receipt-client": f"receipts/{erased}",
        "receipt-expired": f"receipts/{expired}",
        "certificate": f"certificates/{certificate}",
        "now": "trust/now",
    }


def _let_time_pass(box: WebBox, vault: Vault, expired: str, now_ms: int) -> None:
    """One session's time is over; the others' is not."""
    retention = box.app.state.desk.retention
    client = vault.clients.add(ClientDetails("B-02", text_days=1))
    vault.clients.link(expired, client.client_id, NAME)
    retention.practice = Rule(7, None)
    for days in (0, 2):
        retention.clock = lambda days=days: Reading(now_ms + days * DAY_MS, trusted=True)
        retention.look(vault)


def _this_week(vault: Vault) -> tuple[datetime, datetime]:
    monday = datetime.now(vault.appointments.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    monday -= timedelta(days=monday.weekday())
    return monday, monday + timedelta(days=7)


def add_clients(vault: Vault) -> str:
    """A few clients with a week of appointments; gives the couple."""
    monday = _this_week(vault)[0] + timedelta(hours=9)
    couple = vault.clients.add(
        ClientDetails("Zoë & Tom Berg", people=("Zoë Berg", "Tom Berg"), kind=Kind.COUPLE, goals="Talk in the evening")
    )
    (text,) = vault.consents.texts()
    scopes = frozenset({Scope.RECORD, Scope.TRANSCRIBE, Scope.DRAFT})
    vault.consents.sign(Signing(couple.people[0].person_id, text.text_id, scopes, Method.SCREEN, "Zoë Berg"), NAME)
    for number, name in enumerate(("A-17", "Martin Kessler", "王小明", "Ольга Чехова")):
        client = vault.clients.add(ClientDetails(name))
        for day in (number, number + 1):
            start = monday + timedelta(days=day, hours=number)
            vault.appointments.add(client.client_id, name, start, 50, Repeat.WEEKLY)
    vault.appointments.add(couple.client_id, couple.name, monday + timedelta(days=2, hours=6), 90, Repeat.FORTNIGHTLY)
    return couple.client_id
