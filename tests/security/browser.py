"""A real browser: what it runs, and what it keeps."""

from pathlib import Path

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from playwright.sync_api import Page, sync_playwright
from support.canary import files_with_canary
from support.chromium import CHROMIUM, FLAGS, chromium, sign_in
from support.web_box import PASSPHRASE, WebBox
from support.web_sessions import add_session, plain

from security.page import CANARY, SESSION

CORPUS = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "<svg/onload=window.hit=1>",
    "<svg><script>window.hit=1</script></svg>",
    "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
    "<iframe src=javascript:parent.hit=1></iframe>",
    "<a href=javascript:window.hit=1 autofocus onfocus=window.hit=1>x</a>",
    "<details open ontoggle=window.hit=1>",
    "<video><source onerror=window.hit=1></video>",
    "<body onload=window.hit=1>",
    "<input autofocus onfocus=window.hit=1>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.hit=1>",
    "<noscript><p title='</noscript><img src=x onerror=window.hit=1>'>",
    "<style>@import'javascript:window.hit=1'</style>",
    "<link rel=stylesheet href=data:text/css,body{}>",
    "<meta http-equiv=refresh content='0;url=javascript:window.hit=1'>",
    "<base href=https://evil.example/>",
    "<object data=data:text/html,<script>top.hit=1</script>>",
    "<form action=/lock method=post><input type=submit autofocus>",
    '"><b hx-get=/account hx-trigger=load>',
    "<b hx-on:htmx:load=window.hit=1>",
    "<b hx-vals='js:{x:window.hit=1}' hx-get=/trust hx-trigger=load>",
    "<b data-hx-post=/lock data-hx-trigger=load>",
    "' onmouseover=window.hit=1 x='",
    '" onmouseover=window.hit=1 x="',
    "</textarea><script>window.hit=1</script>",
    "</title><script>window.hit=1</script>",
    "<!--><script>window.hit=1</script>",
    "{{7*7}}{% raw %}${7*7}#{7*7}",
    "\\u003cscript\\u003ewindow.hit=1\\u003c/script\\u003e",
    "javascript:window.hit=1//",
    "<scr<script>ipt>window.hit=1</scr</script>ipt>",
    "<img src=x:x onerror=&#119;indow.hit=1>",
    "data: x\nevent: ended\ndata: over",
)
WATCH = """window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));"""


def injections(scale: Scale, told: Progress) -> Figure:
    """The corpus as machine's words, as edits and as a name, on every page that shows them."""
    corpus = CORPUS[: scale.of(len(CORPUS), 8)]
    pages, ran, reports, locked = 0, 0, 0, 0
    with scratch_folder(in_memory=True) as folder, chromium() as browser:
        box = WebBox(folder)
        box.start()
        try:
            vault = box.new_person(f"Ada {CORPUS[0]}")
            add_session(vault, box.tapes_dir, plain(*corpus, *corpus), session_id=SESSION, started_at_ms=1)
            for seq, attack in enumerate(corpus):
                vault.sessions.add_edit(SESSION, seq, attack, f"Ada {CORPUS[1]}")
            context = browser.new_context(ignore_https_errors=True)
            context.add_init_script(WATCH)
            page = context.new_page()
            sign_in(page, box.address, PASSPHRASE)
            for address in ("/today", f"/sessions/{SESSION}", "/account", "/account/events", "/trust"):
                told(address)
                page.goto(box.address + address)
                page.wait_for_load_state("networkidle" if address == "/trust" else "load")
                pages += 1
                ran += page.evaluate("window.hit") is not None
                reports += len(page.evaluate("window.violations"))
            for seq in range(len(corpus)):
                page.goto(f"{box.address}/sessions/{SESSION}/lines/{seq}/edit")
                pages += 1
                ran += page.evaluate("window.hit") is not None
                reports += len(page.evaluate("window.violations"))
            locked = box.vaults.get(vault.account.vault_id) is None
            context.close()
        finally:
            box.close()
            box.record.close()
    words = f"{len(corpus)} attacks, {pages} pages, {ran} executions, {reports} CSP reports"
    return Figure(words, not ran + reports + locked)


def profile_after_sign_out(_: Scale, _told: Progress) -> Figure:
    """A session is read, edited and locked in a browser with a profile on disk, which is then searched."""
    with scratch_folder() as folder:
        profile = folder / "profile"
        box = WebBox(folder / "box")
        box.start()
        try:
            vault = box.new_person()
            add_session(vault, box.tapes_dir, plain(f"The {CANARY}", "Two"), session_id=SESSION, started_at_ms=1)
            with sync_playwright() as playwright:
                context = playwright.chromium.launch_persistent_context(
                    profile, executable_path=str(CHROMIUM), args=list(FLAGS), ignore_https_errors=True
                )
                _read_and_lock(context.new_page(), box)
                context.close()
        finally:
            box.close()
            box.record.close()
        hits = files_with_canary(profile, CANARY.encode()) + _files_with(profile, CANARY.encode("utf-16-le"))
        files = _files(profile)
    names = ", ".join(sorted({path.name for path in hits}))
    return Figure(f"{files} files of the profile, {len(hits)} hits {names}".rstrip(), not hits and files > 0)


def _read_and_lock(page: Page, box: WebBox) -> None:
    sign_in(page, box.address, PASSPHRASE)
    page.goto(f"{box.address}/sessions/{SESSION}")
    page.get_by_text(CANARY).first.wait_for()
    page.goto(f"{box.address}/sessions/{SESSION}/lines/0/edit")
    page.locator("textarea").fill(f"Edited {CANARY}")
    page.get_by_role("button", name="Keep").click()
    page.get_by_text(CANARY).first.wait_for()
    page.get_by_role("button", name="Lock").click()
    page.wait_for_url("**/signin?why=locked")


def _files_with(folder: Path, needle: bytes) -> list[Path]:
    """Exactly these bytes: every other byte of UTF-16 is nought, and stands in any file."""
    return [path for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


def _files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))
