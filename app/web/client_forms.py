"""Entering and changing what is kept about a client."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.records.people import Client, ClientDetails, InvalidClient, Kind
from app.vault.errors import ClientTaken
from app.web.audited import audited, unaudited
from app.web.desk import Person, show

router = APIRouter()


class ClientForm(BaseModel):
    name: str = Field(default="", repr=False)
    kind: Kind = Kind.PERSON
    people: str = Field(default="", repr=False)  # a name a line
    pronouns: str = Field(default="", repr=False)
    language: str = ""
    vocabulary: str = Field(default="", repr=False)
    goals: str = Field(default="", repr=False)
    substance_use: str = ""
    audio_days: str = ""
    text_days: str = ""
    another: str = ""  # "yes": a client of this name is somebody else

    def details(self) -> ClientDetails:
        """Give what was typed.

        Raises:
            InvalidClient: A number of days is none.
        """
        return ClientDetails(
            name=self.name,
            people=tuple(self.people.splitlines()),
            kind=self.kind,
            pronouns=self.pronouns,
            language=self.language,
            vocabulary=self.vocabulary,
            goals=self.goals,
            substance_use=self.substance_use == "yes",
            audio_days=_days(self.audio_days),
            text_days=_days(self.text_days),
        )


@dataclass(frozen=True, slots=True)
class ClientFormPage:
    template: ClassVar[str] = "client_form.html"
    client_id: str  # "" for a new one
    form: ClientForm
    problem: str = ""
    taken: bool = False


@router.get("/clients/new/form", dependencies=[unaudited("an empty form")])
def new_form(request: Request, person: Person, name: str = "") -> Response:  # noqa: ARG001  only for who is signed in
    return show(request, ClientFormPage("", ClientForm(name=name)), here="clients")


@router.post("/clients", dependencies=[audited("client.added", "added a client")])
def add(request: Request, person: Person, form: Annotated[ClientForm, Form()]) -> Response:
    try:
        added = person.vault.clients.add(form.details(), also_if_taken=form.another == "yes")
    except (InvalidClient, ClientTaken) as error:
        page = ClientFormPage("", form, str(error), taken=isinstance(error, ClientTaken))
        return show(request, page, here="clients", status=422)
    return RedirectResponse(f"/clients/{added.client_id}", 303)


@router.get("/clients/{client_id}/edit", dependencies=[audited("client.opened", "opened the client", "client_id")])
def edit_form(request: Request, person: Person, client_id: str) -> Response:
    return show(request, ClientFormPage(client_id, _filled(person.vault.clients.get(client_id))), here="clients")


@router.post("/clients/{client_id}/edit", dependencies=[audited("client.changed", "changed the client", "client_id")])
def edit(request: Request, person: Person, client_id: str, form: Annotated[ClientForm, Form()]) -> Response:
    try:
        person.vault.clients.update(client_id, form.details())
    except InvalidClient as error:
        return show(request, ClientFormPage(client_id, form, str(error)), here="clients", status=422)
    return RedirectResponse(f"/clients/{client_id}", 303)


def _filled(client: Client) -> ClientForm:
    details = client.details
    return ClientForm(
        name=details.name,
        kind=details.kind,
        people="\n".join(details.people),
        pronouns=details.pronouns,
        language=details.language,
        vocabulary=details.vocabulary,
        goals=details.goals,
        substance_use="yes" if details.substance_use else "",
        audio_days="" if details.audio_days is None else str(details.audio_days),
        text_days="" if details.text_days is None else str(details.text_days),
    )


def _days(typed: str) -> int | None:
    if not typed.strip():
        return None
    if not typed.strip().isdecimal() or int(typed) > 36_500:  # noqa: PLR2004  a hundred years
        raise InvalidClient(
            "A period is a number of days, or nothing for what the practice does. Change it and save again."
        )
    return int(typed)
