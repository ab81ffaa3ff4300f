"""One edit after the other in a session of 15,000 words, while the box writes another session down."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page
from support.chromium import sign_in
from support.web_box import PASSPHRASE, WebBox

from tests.bench.review.figures import Figure, percentiles, progress
from tests.bench.review.filled import LINES, LONG
from tests.bench.review.pages import Clock, Took, signed_client

DEMO = Path("build/demo-session.wav")
ASR_NICE = 10  # as systemd/units/tacet-asr.service says
BOUND_MS = 100
BETWEEN_MS = 1000  # nobody types faster; what an edit brings with it, as the review's panel, is there by then
# from the key that keeps an edit to the frame that shows it; asked once an edit, for to ask again and again costs time
TIMED = """
() => {
  let began = 0;
  addEventListener("keydown", (event) => { if (event.key === "Enter") began = performance.now(); }, true);
  window.drawn = new Promise(() => undefined);
  window.next_edit = () => (window.drawn = new Promise((done) => {
    document.body.addEventListener("htmx:afterSwap", function swapped({ detail }) {
      const { verb, path } = detail.requestConfig ?? {};
      if (verb !== "post" || !path.endsWith("/edit")) return;
      document.body.removeEventListener("htmx:afterSwap", swapped);
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - began), 0));
    });
  }));
}
"""


@contextmanager
def writing_down() -> Iterator[None]:
    """Transcribe the demo session again and again, in processes of its own as on the box."""
    ending, heard = threading.Event(), [0]
    command = ["nice", "-n", str(ASR_NICE), sys.executable, "-m", "tacet", "transcribe", str(DEMO), "--json"]

    def again() -> None:
        while not ending.is_set():
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                while process.poll() is None and not ending.wait(0.2):
                    pass
                if ending.is_set():
                    process.terminate()
                else:
                    assert process.returncode == 0, "the transcription beside it failed"
                heard[0] += 1

    thread = threading.Thread(target=again)
    thread.start()
    try:
        time.sleep(5)  # the model is loaded
        assert thread.is_alive()
        yield
        assert thread.is_alive(), "the transcription beside it ended"
    finally:
        ending.set()
        thread.join()


def edit_figures(browser: Browser, box: WebBox, count: int) -> Iterator[Figure]:
    with writing_down():
        progress(f"{count} edits as a browser sends them")
        posted = list(_posted(box, count))
        yield from percentiles("an edit, until its answer is here", [wall for wall, _ in posted], BOUND_MS)
        yield from percentiles("the same, processor time", [work for _, work in posted], BOUND_MS)
        progress(f"{count // 4} edits typed in a browser")
        typed = list(_typed(browser, box, count // 4))
        yield from percentiles("an edit, until the line is drawn anew", [one.wall_ms for one in typed], BOUND_MS)
        yield from percentiles("the same, processor time", [one.work_ms for one in typed], BOUND_MS)


def _posted(box: WebBox, count: int) -> Iterator[tuple[float, float]]:
    with signed_client(box) as client:
        for n in range(count):
            seq = n * 7 % LINES
            began, worked = time.perf_counter(), time.process_time()
            answer = client.post(
                f"/sessions/{LONG}/lines/{seq}/edit", data={"text": f"edit {n}"}, headers={"hx-request": "true"}
            )
            yield (time.perf_counter() - began) * 1000, (time.process_time() - worked) * 1000
            assert answer.status_code == 200, answer.status_code


def _typed(browser: Browser, box: WebBox, count: int) -> Iterator[Took]:
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    sign_in(page, box.address, PASSPHRASE)
    page.goto(f"{box.address}/sessions/{LONG}", wait_until="load")
    page.evaluate(TIMED)
    clock = Clock(context.new_cdp_session(page))
    for n in range(count):
        page.evaluate(f"document.querySelector('#line-{n} > .edit').click()")
        page.locator(f"#text-{n}").fill(f"typed {n}")
        page.wait_for_timeout(BETWEEN_MS)
        page.evaluate("void window.next_edit()")
        yield clock.time(lambda: _keep(page))
        assert page.locator(f"#line-{n} .said").text_content() == f"typed {n}"
    context.close()


def _keep(page: Page) -> float:
    page.keyboard.press("Enter")
    return float(page.evaluate("window.drawn"))
