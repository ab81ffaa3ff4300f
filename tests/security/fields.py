"""Every text field of every page, filled with markup in a real browser, and every page looked at afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from playwright.sync_api import Error, Page
from support.chromium import chromium, sign_in
from support.web_box import PASSPHRASE, WebBox, fill

from app.records.people import ClientDetails
from security.browser import CORPUS, WATCH

NOW_MS = 1_795_000_000_000
LEFT_ALONE = ("/lock", "/signin", "/erase", "/withdraw", "/sign-out", "/remove", "/merge", "/everything", "/passphrase")
# What a person would fill in so that the rest is kept; every other text field gets the attack.
TEXTS = "textarea, input:not([type]), input[type=text], input[type=search], input[type=email], input[type=tel]"
FORMS = """(texts) => [...document.forms].map((form, at) => ({
  at, action: form.getAttribute("action") ?? "", multipart: form.enctype === "multipart/form-data",
  fields: [...form.elements].filter((one) => one.name && one.matches(texts)).length,
}))"""
FILL = """([at, attack, texts]) => {
  const form = document.forms[at];
  form.noValidate = true;
  for (const one of form.elements) {
    if (!one.name || one.disabled || one.readOnly) continue;
    if (one.matches(texts))
      one.value = attack.slice(0, one.maxLength > 0 ? one.maxLength : undefined);
    else if (one.type === "checkbox") one.checked = true;
    else if (one.tagName === "SELECT" && one.options.length) one.selectedIndex = one.options.length - 1;
    else if (one.type === "date" && !one.value) one.value = "2026-11-25";
    else if (one.type === "time" && !one.value) one.value = "10:00";
  }
  HTMLFormElement.prototype.submit.call(form);
}"""
HURT = "[window.hit !== undefined, (window.violations ?? []).map((one) => `${location.pathname} ${one}`)]"


@dataclass
class Walk:
    """Where the browser has been, and what happened there."""

    page: Page
    address: str
    forms: dict[str, int] = field(default_factory=dict)  # action -> text fields in it
    seen: set[str] = field(default_factory=set)
    pages: int = 0
    sent: int = 0
    ran: int = 0
    reports: list[str] = field(default_factory=list)

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
    """The corpus through every form that has a text field, then over every page that a link leads to."""
    attacks = CORPUS[:: scale.of(1, 12)]
    with _box() as (walk, starts):
        pages = list(dict.fromkeys([*starts, *_linked(walk, starts)]))
        for attack in attacks:
            told(attack[:20])
            for path in pages:
                _attack(walk, path, attack)
        for path in _linked(walk, starts, most=scale.of(300, 40)):
            walk.page.goto(walk.address + path)
            walk.look()
        still_in = walk.page.request.get(f"{walk.address}/today", max_redirects=0).status == 200
    texts = sum(walk.forms.values())
    words = (
        f"{len(attacks)} attacks x {texts} fields of {len(walk.forms)} forms, {walk.sent} sent, {walk.pages} pages: "
        f"{walk.ran} executions, {len(walk.reports)} CSP reports{' ' + walk.reports[0] if walk.reports else ''}"
    )
    return Figure(words, not walk.ran and not walk.reports and still_in and texts >= scale.of(25, 10))


@contextmanager
def _box() -> Iterator[tuple[Walk, list[str]]]:
    with scratch_folder(in_memory=True) as folder, chromium() as browser:
        box = WebBox(folder)
        vault = box.new_person()
        box.start()
        try:
            fill(box, vault, NOW_MS)
            client = vault.clients.add(ClientDetails("Mara"))
            context = browser.new_context(ignore_https_errors=True)
            context.add_init_script(WATCH)
            page = context.new_page()
            page.on("dialog", lambda dialog: dialog.dismiss())
            sign_in(page, box.address, PASSPHRASE)
            yield Walk(page, box.address), _starts(client.client_id)
            context.close()
        finally:
            box.close()


def _starts(client_id: str) -> list[str]:
    session = f"/sessions/{1:032x}"
    lines = [f"{session}/lines/0/edit", f"{session}/lines/0/marks/context", f"{session}/lines/0/marks/redaction"]
    pages = ("/today", "/week", "/clients", "/search", "/account", "/account/events", "/account/second-step", "/trust")
    about = f"/clients/{client_id}"
    more = ("/clients/new/form", "/appointments/new", "/consent/wording", "/keeping", f"{about}/process-notes")
    return [
        *pages,
        *more,
        session,
        f"{session}/note",
        f"{session}/record",
        f"{session}/voices",
        *lines,
        about,
        f"{about}/edit",
    ]


def _linked(walk: Walk, starts: list[str], most: int = 60) -> list[str]:
    """Where links lead from here, each kind of page a few times."""
    found, left = [], list(starts)
    while left and len(found) < most:
        path = left.pop(0)
        if path in found or path.startswith(LEFT_ALONE) or "/export" in path or "/audio" in path:
            continue
        answer = walk.page.goto(walk.address + path)
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            continue
        found.append(path)
        walk.look()
        links = walk.page.evaluate("[...document.links].map((one) => one.href)")
        left += [urlsplit(one).path for one in links if one.startswith(walk.address + "/")]
    return found


def _attack(walk: Walk, path: str, attack: str) -> None:
    walk.page.goto(walk.address + path)
    for form in walk.page.evaluate(FORMS, TEXTS):
        if not form["fields"] or any(word in form["action"] for word in LEFT_ALONE) or form["multipart"]:
            continue
        walk.forms[_kind(form["action"])] = form["fields"]
        walk.page.goto(walk.address + path)
        if form["at"] >= len(walk.page.evaluate(FORMS, TEXTS)):
            continue
        with walk.page.expect_navigation(wait_until="load"):
            walk.page.evaluate(FILL, [form["at"], attack, TEXTS])
        walk.sent += 1
        walk.look()


def _kind(action: str) -> str:
    """The action without its ids, so that one form of many clients counts once."""
    return "/".join("*" if len(part) >= 32 or part.isdigit() else part for part in action.split("/"))
