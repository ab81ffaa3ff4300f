"""Every text field of every page, filled with markup in a real browser, and every page looked at after each attack.

Pages are drawn from the routes and fields are counted against the templates, so that a new one is not forgotten.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from playwright.sync_api import Error, Page
from support.chromium import chromium, sign_in
from support.web_box import PASSPHRASE, WebBox
from support.web_visits import Practice, fill_practice

from app.web.audited import mapped_routes
from app.web.pages import HERE
from security.browser import CORPUS, WATCH

NOW_MS = 1_795_000_000_000
LEFT_ALONE = ("/lock", "/signin", "/erase", "/withdraw", "/sign-out", "/remove", "/merge", "/everything", "/passphrase")
NO_PAGE = ("events", ".json", ".wav", "/assets/", "/setup", "/join", "/signin", "/it")
APPROVED = ("", "/record", "/note", "/note/approved", "/review")  # say more once a session is approved
COMPARED = {"code": "never shown", "group": "never shown", "name": "tried as the account's own, and a client's"}
# What a person would fill in so that the rest is kept; every other text field gets the attack.
TEXTS = "textarea, input:not([type]), input[type=text], input[type=search], input[type=email], input[type=tel]"
IN_TEMPLATES = re.compile(
    r"<(?:textarea\b|input\b(?![^>]*type=\"(?!text|search|email|tel)))[^>]*\bname=\"(\w+)", re.DOTALL
)
FORMS = """(texts) => [...document.forms].map((form) => ({
  action: form.getAttribute("action") ?? "", multipart: form.enctype === "multipart/form-data",
  fields: [...form.elements].filter((one) => one.name && one.matches(texts)).map((one) => one.name),
  numbers: form.querySelector("[inputmode=numeric]") !== null,
}))"""
FILL = """([at, attack, texts, all]) => {
  const form = document.forms[at];
  form.noValidate = true;
  for (const one of form.elements) {
    if (!one.name || one.disabled || one.readOnly) continue;
    if (one.matches("[inputmode=numeric]") && !all) one.value = "30";
    else if (one.matches(texts))
      one.value = attack.slice(0, one.maxLength > 0 ? one.maxLength : undefined);
    else if (one.type === "checkbox") one.checked = true;
    else if (one.tagName === "SELECT" && one.options.length) one.selectedIndex = one.options.length - 1;
    else if (one.type === "date" && !one.value) one.value = "2026-11-25";
    else if (one.type === "time" && !one.value) one.value = "10:00";
  }
  HTMLFormElement.prototype.submit.call(form);
}"""
HAS_FORM = '(end) => [...document.forms].some((one) => (one.getAttribute("action") ?? "").endsWith(end))'
HURT = "[window.hit !== undefined, (window.violations ?? []).map((one) => `${location.pathname} ${one}`)]"
CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:one@test\r\n"
    "DTSTART:20261126T090000Z\r\nDTEND:20261126T095000Z\r\nSUMMARY:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


@dataclass(frozen=True)
class Form:
    """One form, on however many pages it stands and of however many clients."""

    action: str  # without ids
    fields: tuple[str, ...]  # that take text
    numbers: bool  # some of them take nothing but digits: the rest is kept only where these have digits


@dataclass
class Walk:
    """Where the browser has been, and what happened there."""

    page: Page
    address: str
    practice: Practice
    routes: list[str]  # of pages, with their parameters
    forms: dict[Form, str] = field(default_factory=dict)  # -> the first page that has it
    pages: int = 0
    sent: int = 0
    missing: set[str] = field(default_factory=set)  # forms that were not there any more
    ran: int = 0
    reports: list[str] = field(default_factory=list)

    def go(self, route: str) -> None:
        """Open a page about what the vault holds now."""
        self.page.goto(self.address + _filled(route, self.practice))

    def look(self) -> None:
        """Count what the page that is open has done."""
        self.pages += 1
        try:
            hit, reports = self.page.evaluate(HURT)
        except Error:  # it went on by itself
            return
        self.ran += hit
        self.reports += reports


def fields(scale: Scale, told: Progress) -> Figure:
    """The corpus through every form that has a text field; after each attack, every page."""
    attacks = CORPUS[:: scale.of(1, 12)]
    with _box() as walk:
        _open_process_notes(walk)
        for route in walk.routes:
            _learn_forms(walk, route)
        for number, attack in enumerate(attacks, 1):
            told(f"attack {number} of {len(attacks)}, {walk.sent} sent, {walk.pages} pages")
            _open_process_notes(walk)
            _import_calendar(walk, attack)
            for form in list(walk.forms):
                _attack(walk, form, attack)
            with_form = set() if number == len(attacks) else set(walk.forms.values())  # those the next attack looks at
            for route in [one for one in walk.routes if one not in with_form]:
                walk.go(route)
                walk.look()
        still_in = walk.page.request.get(f"{walk.address}/today", max_redirects=0).status == 200
    tried = {name for form in walk.forms for name in form.fields}
    untried = {name for name in _fields_of_templates() if not any(one.startswith(name) for one in tried)}
    missing = sorted(walk.missing | untried)
    words = (
        f"{len(attacks)} attacks x {sum(len(form.fields) for form in walk.forms)} fields of {len(walk.forms)} forms, "
        f"{walk.sent} sent, {walk.pages} pages: {walk.ran} executions, {len(walk.reports)} CSP reports"
    )
    words += f" {walk.reports[0]}" if walk.reports else ""
    words += f"; NOT TRIED: {', '.join(missing)}" if missing else ""
    return Figure(words, not walk.ran and not walk.reports and not missing and still_in)


@contextmanager
def _box() -> Iterator[Walk]:
    with scratch_folder(in_memory=True) as folder, chromium() as browser:
        box = WebBox(folder)
        practice = fill_practice(box, box.new_person(f"Ada {CORPUS[0]}"), NOW_MS)
        routes = [one.path for one in mapped_routes(box.app) if "GET" in one.methods]
        box.start()
        try:
            context = browser.new_context(ignore_https_errors=True)
            context.add_init_script(WATCH)
            page = context.new_page()
            page.on("dialog", lambda dialog: dialog.dismiss())
            sign_in(page, box.address, PASSPHRASE)
            yield Walk(page, box.address, practice, list(_pages(routes)))
            context.close()
        finally:
            box.close()
            box.record.close()


def _pages(routes: list[str]) -> Iterator[str]:
    """The routes that give pages; each kind of mark and both kinds of session are pages of their own."""
    for route in routes:
        if any(word in route for word in NO_PAGE):
            continue
        for kind in ("context", "silence", "redaction") if "{kind}" in route else ("",):
            yield route.replace("{kind}", kind)
        if route.removeprefix("/sessions/{session_id}") in APPROVED:
            yield route.replace("{session_id}", "{approved}")


def _filled(route: str, practice: Practice) -> str:
    """With ids of what is there now: some attacks replace people and sentences."""
    vault = practice.vault
    note, people = vault.notes.note(practice.draft), vault.clients.get(practice.client_id).people
    sentence = note.sentences[0].sentence_id if note and note.sentences else practice.sentence_id
    ids = {name: getattr(practice, name) for name in practice.__dataclass_fields__}
    ids |= {"sentence_id": sentence, "person_id": people[0].person_id if people else practice.person_id}
    return route.format_map({"session_id": practice.draft, "seq": 3, **ids})


def _open_process_notes(walk: Walk) -> None:
    """They close by themselves after a while; a hold that an attack has placed is lifted, so that it can be again."""
    walk.practice.vault.keeping.lift_holds(walk.practice.client_id, "Ada")
    walk.go("/clients/{client_id}/process-notes")
    passphrase = walk.page.locator("main input[type=password]")
    if passphrase.count():
        passphrase.fill(PASSPHRASE)
        with walk.page.expect_navigation(wait_until="load"):
            passphrase.press("Enter")


def _import_calendar(walk: Walk, attack: str) -> None:
    """The titles of its appointments, and its own name."""
    title = attack.replace("\\", "\\\\").replace("\n", "\\n").replace(";", "\\;").replace(",", "\\,")
    file = {"name": f"{attack[:80]}.ics", "mimeType": "text/calendar", "buffer": CALENDAR.format(title).encode()}
    walk.page.request.post(
        f"{walk.address}/week/calendars",
        multipart={"file": file},  # type: ignore[dict-item]
        headers={"sec-fetch-site": "same-origin"},
    )


def _learn_forms(walk: Walk, route: str) -> None:
    walk.go(route)
    walk.look()
    for form in _forms(walk):
        if form is not None:
            walk.forms.setdefault(form, route)


def _forms(walk: Walk) -> list[Form | None]:
    """The forms of the page that is open, in their order; None for one that is left alone."""
    return [
        None
        if not one["fields"] or one["multipart"] or any(word in one["action"] for word in LEFT_ALONE)
        else Form(_kind(one["action"]), tuple(one["fields"]), one["numbers"])
        for one in walk.page.evaluate(FORMS, TEXTS)
    ]


def _attack(walk: Walk, form: Form, attack: str) -> None:
    """In every field at once; then with digits where nothing else is kept."""
    for everywhere in (True, False) if form.numbers else (True,):
        walk.go(walk.forms[form])
        walk.look()
        there = _forms(walk)
        if form not in there:  # the parts beside the transcript come after the page
            with suppress(Error):
                walk.page.wait_for_function(HAS_FORM, arg=form.action.rpartition("*")[2], timeout=30_000)
            there = _forms(walk)
        if form not in there:
            instead = [one.fields for one in there if one is not None and one.action == form.action]
            walk.missing.add(f"{form.action} ({instead or 'not there'})")
            return
        with walk.page.expect_navigation(wait_until="load"):
            walk.page.evaluate(FILL, [there.index(form), attack, TEXTS, everywhere])
        walk.sent += 1
        walk.look()


def _kind(action: str) -> str:
    """The action without its ids, so that one form of many clients counts once."""
    return "/".join("*" if len(part) >= 32 or part.isdigit() else part for part in action.split("/"))


def _fields_of_templates() -> set[str]:
    """The name of every text field that stands in a template; where it is made up, as far as it stands there."""
    templates = (HERE / "templates").rglob("*.html")
    return {name for path in templates for name in IN_TEMPLATES.findall(path.read_text("utf-8"))} - set(COMPARED)
