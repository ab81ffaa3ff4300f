"""Clients, appointments, consents and keeping in a real SQLCipher vault."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.vaults import OTHER_SESSION, SESSION, draft, open_vault

from app.domain import Receipt
from app.indexing import MOST_PAGES, Indexer, find_lines
from app.records.appointments import Repeat
from app.records.calendar_files import read_calendar
from app.records.consent import Method, Scope, Standing, consent_sentence, everybody_agrees
from app.records.people import ClientDetails, InvalidClient, Kind
from app.records.retention import Reason, Rule
from app.review import Review
from app.vault.consents import Signing
from app.vault.database import Database
from app.vault.errors import ClientTaken, NoSuchAppointment, NoSuchClient, NotReadyToHold
from app.vault.schema import built_in_migrations
from app.vault.search import IndexLine, Narrowed, SearchStore
from app.vault.sessions import SessionStore
from app.vault.vault import Vault, Vaults

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
EVERYTHING = frozenset(Scope)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with open_vault(tmp_path) as vault:
        yield vault


@pytest.mark.parametrize("name", ["Zoë Ní Dhónaill", "王小明", "سارة", "Ольга Ч.", "A-17", "Name 🙂"])
def test_add__names_in_any_script__come_back_as_they_were_typed(vault: Vault, name: str) -> None:
    client = vault.clients.add(ClientDetails(name))
    assert vault.clients.get(client.client_id).name == name
    assert [one.name for one in client.people] == [name]


def test_add__couple__is_two_people(vault: Vault) -> None:
    client = vault.clients.add(ClientDetails("Couple 7", people=("Ada", "Ben", "Ada"), kind=Kind.COUPLE))
    assert [one.name for one in client.people] == ["Ada", "Ben"]
    later = vault.clients.update(client.client_id, ClientDetails("Couple 7", people=("Ben", "Cleo"), kind=Kind.COUPLE))
    assert [one.name for one in later.people] == ["Ben", "Cleo"]
    assert later.people[0].person_id == client.people[1].person_id


@pytest.mark.parametrize("name", ["", "  \n ", "\x00\x01", "x" * 201])
def test_add__no_name__is_refused_in_a_sentence(vault: Vault, name: str) -> None:
    with pytest.raises(InvalidClient):
        vault.clients.add(ClientDetails(name))
    assert vault.clients.list() == []


def test_add__same_name_in_other_letters__asks_whether_it_is_somebody_else(vault: Vault) -> None:
    vault.clients.add(ClientDetails("Zoë  Berg"))
    with pytest.raises(ClientTaken):
        vault.clients.add(ClientDetails("ZOE BERG"))
    vault.clients.add(ClientDetails("Zoe Berg"), also_if_taken=True)
    assert len(vault.clients.list()) == 2


def test_merge__two_entries_of_one_client__keeps_sessions_appointments_and_consents(vault: Vault) -> None:
    kept, duplicate = vault.clients.add(ClientDetails("Zoë", goals="sleep")), vault.clients.add(ClientDetails("Z. B."))
    twin = vault.clients.add(ClientDetails("zoe", goals="sleep\nwork"), also_if_taken=True)
    draft(vault, "hello")
    vault.clients.link(SESSION, twin.client_id, "Ada")
    vault.appointments.add(duplicate.client_id, "Z. B.", MONDAY, 50)
    (text,) = vault.consents.texts()
    vault.consents.sign(Signing(twin.people[0].person_id, text.text_id, EVERYTHING, Method.PAPER, "Zoe"), "Ada")
    vault.clients.merge(twin.client_id, kept.client_id)
    vault.clients.merge(duplicate.client_id, kept.client_id)
    (only,) = vault.clients.list()
    assert (only.client_id, only.details.goals) == (kept.client_id, "sleep\nwork")
    assert vault.clients.get(twin.client_id).client_id == kept.client_id
    assert [row.head.session_id for row in vault.clients.sessions(kept.client_id)] == [SESSION]
    assert len(vault.appointments.between(MONDAY, MONDAY + timedelta(days=1), kept.client_id)) == 1
    assert vault.consents.records(kept.client_id)[0].standing(Scope.RECORD, 2**42) is Standing.GIVEN
    with pytest.raises(NoSuchClient):
        vault.clients.merge(kept.client_id, kept.client_id)


def test_link__wrong_client__is_corrected_by_another_link(vault: Vault) -> None:
    first, second = vault.clients.add(ClientDetails("A")), vault.clients.add(ClientDetails("B"))
    draft(vault, "hello")
    vault.clients.link(SESSION, first.client_id, "Ada")
    vault.clients.link(SESSION, second.client_id, "Ada")
    assert vault.clients.links() == {SESSION: second.client_id}
    assert vault.clients.sessions(first.client_id) == []
    vault.clients.link(SESSION, None, "Ada")
    assert vault.clients.client_of(SESSION) is None


def test_link_from_tape__prepared_appointment__finds_its_client_unless_a_person_was_first(vault: Vault) -> None:
    client = vault.clients.add(ClientDetails("A"))
    vault.appointments.add(client.client_id, "A", MONDAY, 50, Repeat.WEEKLY)
    (occurrence,) = vault.appointments.between(MONDAY, MONDAY + timedelta(days=1))
    vault.appointments.prepare(occurrence)
    draft(vault, "hello")
    draft(vault, "hello", session_id=OTHER_SESSION)
    vault.clients.link(OTHER_SESSION, None, "Ada")
    for session_id in (SESSION, OTHER_SESSION):
        vault.clients.link_from_tape(session_id, occurrence.appointment_id)
    assert vault.clients.links() == {SESSION: client.client_id}
    vault.clients.link_from_tape(SESSION, "0" * 32)
    assert vault.clients.links() == {SESSION: client.client_id}


ICS = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//\r\nX-WR-CALNAME:Practice\r\n{}END:VCALENDAR\r\n"


def feed(*events: tuple[str, str, int]) -> bytes:
    body = "".join(
        f"BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260302T{hour:02}0000Z\r\n"
        f"DURATION:PT50M\r\nSUMMARY:{title}\r\nEND:VEVENT\r\n"
        for uid, title, hour in events
    )
    return ICS.format(body).encode()


def test_take_in__same_calendar_again__follows_it_and_keeps_the_links(vault: Vault) -> None:
    client = vault.clients.add(ClientDetails("Zoë Berg"))
    other = vault.clients.add(ClientDetails("A-17"))
    first = vault.appointments.take_in(read_calendar(feed(("1", "zoe berg", 9), ("2", "?", 11), ("3", "x", 14)), UTC))
    assert (first.added, first.linked) == (3, 1)
    day = (MONDAY.replace(hour=0), MONDAY.replace(hour=23))
    unlinked = next(one for one in vault.appointments.between(*day) if one.series.title == "?")
    vault.appointments.set_client(unlinked.series.series_id, other.client_id)
    again = vault.appointments.take_in(read_calendar(feed(("1", "zoe berg", 10), ("2", "?", 11), ("4", "y", 15)), UTC))
    assert (again.added, again.changed, again.removed) == (1, 1, 1)
    found = vault.appointments.between(*day)
    assert [one.client_id for one in found] == [client.client_id, other.client_id, None]
    assert vault.appointments.sources() == [("Practice", 3)]
    assert vault.appointments.remove_source("Practice") == 3


def test_cancel_move_and_end__one_of_a_series__leave_the_others(vault: Vault) -> None:
    vault.appointments.add(None, "A", MONDAY, 50, Repeat.WEEKLY)
    month = (MONDAY, MONDAY + timedelta(days=28))
    second = vault.appointments.between(*month)[1]
    vault.appointments.move(second, MONDAY + timedelta(days=8, hours=2), 90)
    found = vault.appointments.find(second.series.series_id, second.recurrence, MONDAY)
    assert found.ends_at_ms - found.starts_at_ms == 90 * 60_000
    assert found.appointment_id == second.appointment_id
    vault.appointments.cancel(found)
    with pytest.raises(NoSuchAppointment):
        vault.appointments.find(second.series.series_id, second.recurrence, MONDAY)
    assert len(vault.appointments.between(*month)) == 3
    vault.appointments.cancel_from(vault.appointments.between(*month)[1])
    assert len(vault.appointments.between(MONDAY, MONDAY + timedelta(days=400))) == 1


def test_consent__new_wording_withdrawal_and_expiry__ask_again(vault: Vault) -> None:
    client = vault.clients.add(ClientDetails("Couple", people=("Ada", "Ben")))
    ada, ben = client.people
    text = vault.consents.add_text("en", "Title", "Body", valid_days=30)
    now_ms = vault.consents.sign(
        Signing(ada.person_id, text.text_id, EVERYTHING, Method.SCREEN, "Ada"), "T"
    ).signed_at_ms
    records = vault.consents.records(client.client_id)
    assert records[0].standing(Scope.RECORD, now_ms) is Standing.GIVEN
    assert records[0].standing(Scope.RECORD, now_ms + 31 * 24 * 3600 * 1000) is Standing.EXPIRED
    assert not everybody_agrees(records, Scope.RECORD, now_ms)
    some = frozenset({Scope.RECORD, Scope.TRANSCRIBE})
    vault.consents.sign(Signing(ben.person_id, text.text_id, some, Method.PAPER, "Ben"), "T")
    records = vault.consents.records(client.client_id)
    assert everybody_agrees(records, Scope.RECORD, now_ms + 1000)
    assert not everybody_agrees(records, Scope.KEEP_AUDIO, now_ms + 1000)
    sentence = consent_sentence(records, now_ms + 1000, UTC)
    assert "Ben agreed on paper" in sentence
    assert "draft notes" not in sentence.partition("Ben")[2]
    vault.consents.withdraw(ben.person_id, {Scope.RECORD}, "T", past_erased=False)
    standing = vault.consents.records(client.client_id)[1].standing
    assert (standing(Scope.RECORD, 0), standing(Scope.TRANSCRIBE, 0)) == (Standing.WITHDRAWN, Standing.GIVEN)
    vault.consents.add_text("en", "Title", "Another body")
    assert vault.consents.records(client.client_id)[0].standing(Scope.RECORD, now_ms) is Standing.OUTDATED


def test_kept__approved_session__is_marked_once_and_has_its_clients_rule(vault: Vault) -> None:
    client = vault.clients.add(ClientDetails("A", audio_days=3))
    draft(vault, "hello")
    vault.clients.link(SESSION, client.client_id, "Ada")
    vault.keeping.mark(1000)
    Review(vault).approve(SESSION, "Ada")
    (before,) = vault.keeping.kept(Rule())
    assert (before.ended_mark_ms, before.approved, before.approved_mark_ms) == (1000, True, None)
    vault.keeping.mark(2000)
    vault.keeping.mark(3000)
    (kept,) = vault.keeping.kept(Rule(7, 100))
    assert (kept.approved_mark_ms, kept.rule, kept.held) == (2000, Rule(3, 100), False)
    vault.keeping.place_hold(client.client_id, "court", "Ada")
    assert vault.keeping.kept(Rule())[0].held
    assert vault.keeping.is_session_held(SESSION)
    vault.keeping.lift_holds(client.client_id, "Ada")
    assert not vault.keeping.kept(Rule())[0].held
    assert [(one.reason, one.lifted_by) for one in vault.keeping.holds(client.client_id)] == [("court", "Ada")]
    with pytest.raises(NotReadyToHold):
        vault.keeping.place_hold(client.client_id, " ", "Ada")


def test_erase_client__with_everything__leaves_nothing_but_the_certificate(vault: Vault) -> None:
    client = vault.clients.add(ClientDetails("A", people=("A", "B")))
    twin = vault.clients.add(ClientDetails("A."))
    vault.clients.merge(twin.client_id, client.client_id)
    vault.appointments.add(client.client_id, "A", MONDAY, 50)
    (text,) = vault.consents.texts()
    vault.consents.sign(Signing(client.people[0].person_id, text.text_id, EVERYTHING, Method.PAPER, "A"), "T")
    vault.keeping.place_hold(client.client_id, "court", "Ada")
    counts = vault.keeping.erase_client(client.client_id)
    assert counts == {"people": 3, "consents": 1, "appointments": 1, "sessions still linked": 0}
    with pytest.raises(NoSuchClient):
        vault.clients.get(client.client_id)
    vault.keeping.certify(Reason.CLIENT_ERASED, counts)
    assert vault.keeping.certificates()[0].counts == counts
    tables = ("clients", "people", "series", "consents", "legal_holds")
    left = vault._database.read(
        lambda connection: [connection.execute(f"SELECT count(*) FROM {one}").fetchone()[0] for one in tables]  # noqa: S608
    )
    assert left == [0] * 5


def test_search__deleted_session__is_found_no_more_and_leaves_no_byte_in_the_index(vault: Vault) -> None:
    draft(vault, "the xylophonist plays", "café au lait")
    ((session_id, version),) = vault.search.stale()
    vault.search.index(session_id, version, [IndexLine(0, "the xylophonist plays"), IndexLine(1, "café au lait")])
    assert vault.search.stale() == []
    for match in ('"xylo" *', '"cafe au"', '"plays" *'):
        assert places(vault, match) == [SESSION]
    assert places(vault, '"xylo"') == []
    assert places(vault, '"xylo"', '"xylo" *') == [SESSION]
    assert places(vault, '"xylo" *', narrowed=Narrowed(from_ms=2**42)) == []
    vault.erasures.erase(receipt_of(vault))
    assert places(vault, '"xylo" *') == []
    blocks = vault._database.read(
        lambda connection: [bytes(row[0]) for row in connection.execute("SELECT block FROM search_data")]
    )
    assert not any(b"xylo" in one for one in blocks)


def places(vault: Vault, *matches: str, narrowed: Narrowed = Narrowed()) -> list[str]:  # noqa: B008  frozen
    """The sessions of what was found, one line of each."""
    found = vault.search.found(matches, narrowed, 5, lambda texts: [texts[0][0]])
    return [one.row.head.session_id for one in found]


def receipt_of(vault: Vault) -> Receipt:
    row = vault.sessions.get(SESSION)
    assert row is not None
    return Receipt(SESSION, "page", 1, clock_trusted=True, erased_at_ms=2, samples=row.samples, sample_rate_hz=16_000)


def test_migration__vault_of_before_with_sessions__keeps_them_and_indexes_them_next(tmp_path: Path) -> None:
    path, key = tmp_path / "vault.db", bytes(range(32))
    before = tuple(one for one in built_in_migrations() if "CREATE TABLE clients" not in one.sql)
    before = before[: next(at for at, one in enumerate(built_in_migrations()) if "CREATE TABLE clients" in one.sql)]
    Database.create(path, key, before)
    old = Database.open(path, key, before)
    for statement in (
        (
            "INSERT INTO sessions (session_id, started_at_ms, clock_trusted, sample_rate_hz, channels, state,"
            " heard_segments, heard_all) VALUES (?, 1, 1, 16000, 1, 'drafted', 1, 1)"
        ),
        (
            "INSERT INTO segments (session_id, seq, start_ms, end_ms, text, probability, words, model)"
            " VALUES (?, 0, 0, 900, 'hello', 0.9, '[]', 'base')"
        ),
    ):
        old.write(lambda connection, statement=statement: connection.execute(statement, (SESSION,)).rowcount)
    old.close()
    new = Database.open(path, key)
    assert [one.text for one in SessionStore(new).segments(SESSION)] == ["hello"]
    assert [session_id for session_id, _ in SearchStore(new).stale()] == [SESSION]
    assert new.read(lambda connection: connection.execute("PRAGMA foreign_key_check").fetchall()) == []
    new.close()


def test_find_lines__many_begin_like_it__shows_the_words_themselves_first(vault: Vault) -> None:
    for number in range(MOST_PAGES + 1):
        text = "the art of it" if number < 2 else "an article, written"
        draft(vault, text, "nothing", session_id=f"{number:032x}")
    Indexer(Vaults(Path("/nonexistent"))).look(vault)
    found = {
        "".join(piece.text for piece in hit.pieces if piece.marked) for hit in find_lines(vault, "art", Narrowed())
    }
    assert found == {"art", "article"}
    sessions = {hit.session_id for hit in find_lines(vault, "art", Narrowed())}
    assert {f"{0:032x}", f"{1:032x}"} < sessions
    assert len(sessions) == MOST_PAGES
    assert find_lines(vault, "ar", Narrowed()) == []  # two letters: too much begins like them
    assert {hit.seq for hit in find_lines(vault, '"of it"', Narrowed())} == {0}
    assert find_lines(vault, "rticle", Narrowed()) == []
