"""Consent: the wording, signing it on the screen or noting paper, and taking it back."""

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.client_rights import erase_past
from app.records.consent import SCOPE_WORDS, ConsentText, Method, Scope
from app.records.consent_default import NOT_LEGAL_ADVICE
from app.records.people import InvalidClient, tidy_text
from app.records.people import Person as ClientPerson
from app.vault.consents import Signing
from app.vault.errors import NoSuchConsent
from app.web.audited import audited
from app.web.desk import Person, TheDesk, show
from app.web.problems import problem

router = APIRouter()


@dataclass(frozen=True, slots=True)
class SigningPage:
    template: ClassVar[str] = "consent_sign.html"
    client_id: str
    person_id: str
    name: str = field(repr=False)
    texts: tuple[ConsentText, ...]
    text: ConsentText
    paragraphs: tuple[str, ...]
    scopes: tuple[tuple[str, str], ...]
    problem: str = ""
    spoken_in: str = ""  # the session in which it was said aloud


@dataclass(frozen=True, slots=True)
class TakingBackPage:
    template: ClassVar[str] = "consent_take_back.html"
    client_id: str
    person_id: str
    name: str = field(repr=False)
    scopes: tuple[tuple[str, str], ...]
    sessions: int
    held: bool


@dataclass(frozen=True, slots=True)
class WordingPage:
    template: ClassVar[str] = "consent_wording.html"
    text: ConsentText
    texts: tuple[ConsentText, ...]
    warning: str = NOT_LEGAL_ADVICE


_SCOPES = tuple((scope.value, SCOPE_WORDS[scope]) for scope in Scope)


@router.get(
    "/clients/{client_id}/consent/{person_id}",
    dependencies=[audited("consent.opened", "opened a consent form", "client_id")],
)
def signing_form(  # noqa: PLR0913, PLR0917  parts of an address
    request: Request, person: Person, client_id: str, person_id: str, language: str = "", spoken: str = ""
) -> Response:
    """Show the wording to sign; `spoken` is the session in which it was said aloud."""
    page = _signing(person.vault.consents.texts(), client_id, _who(person, client_id, person_id), language)
    return show(request, replace(page, spoken_in=spoken), here="clients")


@router.post(
    "/clients/{client_id}/consent/{person_id}",
    dependencies=[audited("consent.signed", "recorded a consent", "client_id")],
)
async def sign(  # noqa: PLR0913, PLR0917  fields of a form
    request: Request,
    desk: TheDesk,
    person: Person,
    client_id: str,
    person_id: str,
    text_id: Annotated[int, Form()],
    signed_name: Annotated[str, Form()] = "",
    method: Annotated[Method, Form()] = Method.SCREEN,
    scope: Annotated[list[Scope] | None, Form()] = None,
    session_id: Annotated[str, Form()] = "",
) -> Response:
    who = _who(person, client_id, person_id)
    spoken_in = session_id or None
    signing = Signing(
        person_id, text_id, frozenset(scope or ()), method, signed_name, spoken_in, 0 if spoken_in else None
    )
    try:
        await anyio.to_thread.run_sync(person.vault.consents.sign, signing, person.name)
    except InvalidClient:
        page = _signing(person.vault.consents.texts(), client_id, who, "", "Type your name below to sign.")
        return show(request, page, here="clients", status=422)
    await desk.preparing.refresh(person.vault)
    return RedirectResponse(f"/clients/{client_id}#agreed", 303)


@router.get(
    "/clients/{client_id}/consent/{person_id}/take-back",
    dependencies=[audited("consent.opened", "opened a consent form", "client_id")],
)
def taking_back_form(request: Request, person: Person, client_id: str, person_id: str) -> Response:
    page = TakingBackPage(
        client_id=client_id,
        person_id=person_id,
        name=_who(person, client_id, person_id).name,
        scopes=_SCOPES,
        sessions=len(person.vault.clients.sessions(client_id)),
        held=person.vault.keeping.is_held(client_id),
    )
    return show(request, page, here="clients")


@router.post(
    "/clients/{client_id}/consent/{person_id}/take-back",
    dependencies=[audited("consent.withdrawn", "recorded that a consent was taken back", "client_id")],
)
async def take_back(  # noqa: PLR0913, PLR0917  fields of a form
    request: Request,
    person: Person,
    desk: TheDesk,
    client_id: str,
    person_id: str,
    scope: Annotated[list[Scope] | None, Form()] = None,
    past: Annotated[str, Form()] = "",
) -> Response:
    """For the future, or with erasure of the past: then every session of the client goes, with a certificate."""
    _who(person, client_id, person_id)
    scopes, vault, address = frozenset(scope or Scope), person.vault, f"/clients/{client_id}#agreed"
    if past == "erase":
        issued = await anyio.to_thread.run_sync(erase_past, vault, desk.withdrawals, client_id, person_id, scopes)
        address = f"/certificates/{issued.certificate_id}"
    elif scope:
        await anyio.to_thread.run_sync(
            lambda: vault.consents.withdraw(person_id, scopes, person.name, past_erased=False)
        )
    else:
        return problem(request, 409, "Nothing was changed. Tick what is taken back, then save.")
    await desk.preparing.refresh(vault)
    return RedirectResponse(address, 303)


@router.get("/consent/wording", dependencies=[audited("wording.opened", "opened the consent wording")])
def wording(request: Request, person: Person, language: str = "") -> Response:
    texts = tuple(person.vault.consents.texts())
    return show(request, WordingPage(_in_language(texts, language), texts), here="clients")


@router.post("/consent/wording", dependencies=[audited("wording.changed", "put a new consent wording in force")])
def new_wording(  # noqa: PLR0913, PLR0917  fields of a form
    request: Request,
    person: Person,
    title: Annotated[str, Form()] = "",
    body: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "en",
    jurisdiction: Annotated[str, Form()] = "",
    valid_days: Annotated[str, Form()] = "",
) -> Response:
    title, body, language = tidy_text(title), tidy_text(body), tidy_text(language)[:35]
    days = int(valid_days) if valid_days.strip().isdecimal() and 0 < int(valid_days) < 36_500 else None  # noqa: PLR2004
    if not title or not body or not language or (valid_days.strip() and days is None):
        return problem(
            request, 409, "A wording needs a title, a text and a language, and its period is a number of days."
        )
    person.vault.consents.add_text(language, title, body, tidy_text(jurisdiction)[:200], days)
    return RedirectResponse(f"/consent/wording?language={language}", 303)


def _who(person: Person, client_id: str, person_id: str) -> ClientPerson:
    for one in person.vault.clients.get(client_id).people:
        if one.person_id == person_id:
            return one
    raise NoSuchConsent("This person is not there any more. Go back to the client.")


def _signing(
    texts: list[ConsentText], client_id: str, who: ClientPerson, language: str, problem_words: str = ""
) -> SigningPage:
    text = _in_language(tuple(texts), language)
    paragraphs = tuple(one for one in text.body.split("\n") if one)
    return SigningPage(client_id, who.person_id, who.name, tuple(texts), text, paragraphs, _SCOPES, problem_words)


def _in_language(texts: tuple[ConsentText, ...], language: str) -> ConsentText:
    return next((one for one in texts if one.language == language), texts[0])
