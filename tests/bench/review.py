"""How long a therapist waits for the review page: `make bench-review`.

Serves a real vault with one session of 15,000 words and a list of 2,000, and measures in a real browser and over real
HTTPS. Prints a table; the last line sums up; exit code 1 where a bound is missed. With `--browsers 8 --minutes 5` that
many browsers edit, play and follow at once: no edit may be lost and no request may fail.
"""

import argparse
import gzip
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.chromium import chromium, sign_in
from support.web_box import NAME, PASSPHRASE, WebBox
from support.web_sessions import MODEL, RATE_HZ, add_session

from app.domain import Cursor, Segment, SessionHead, SessionState, Word
from app.review import Review
from app.vault.vault import Vault

LONG = "5e" * 16
WORDS, WORDS_A_LINE, WORD_MS = 15_000, 12, 360
SAID = (
    "well",
    "I",
    "think",
    "my",
    "sister",
    "never",
    "said",
    "so",
    "and",
    "then",
    "we",
    "went",
    "for",
    "forty",
    "minutes",
)
BOUNDS_MS = {"interactive": 1000, "edit p95": 100, "list": 1000}
BOUND_KB = 400


def long_session(seed: int = 1) -> list[Segment]:
    chance, segments = random.Random(seed), []
    for seq in range(WORDS // WORDS_A_LINE):
        at_ms = seq * WORDS_A_LINE * WORD_MS
        words = tuple(
            Word(at_ms + n * WORD_MS, at_ms + n * WORD_MS + 300, chance.choice(SAID), chance.betavariate(9, 1))
            for n in range(WORDS_A_LINE)
        )
        text = " ".join(word.text for word in words)
        segments.append(Segment(seq, words[0].start_ms, words[-1].end_ms, "12"[seq % 2], text, 0.9, words, MODEL))
    return segments


def fill(vault: Vault, box: WebBox, sessions: int) -> None:
    """The long one with two minutes of sound only: sealing 90 minutes tells nothing of the page."""
    segments = long_session()
    add_session(vault, box.tapes_dir, segments[:2], session_id=LONG, started_at_ms=1_795_000_000_000)
    with_all = Cursor(RATE_HZ * 5400, next_seq=len(segments), finished=True)
    vault.sessions.set_state(LONG, SessionState.TRANSCRIBING)
    vault._database.write(lambda con: con.execute("UPDATE sessions SET heard_all = 0"))
    vault.sessions.append_segments(LONG, segments[2:], with_all)
    vault.sessions.update_length(LONG, RATE_HZ * 5400)
    vault.sessions.set_state(LONG, SessionState.DRAFTED)
    for number in range(sessions):
        vault.sessions.add(SessionHead(f"{number + 1:032x}", 1_790_000_000_000 + number, True, RATE_HZ, 1))  # noqa: FBT003
        vault.sessions.set_state(f"{number + 1:032x}", SessionState.DRAFTED)


def interactive_ms(page: Page, address: str) -> float:
    """From the request to a page whose script runs and whose main thread answers."""
    page.goto(address, wait_until="load")
    return float(
        page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0)))"
        )
    )


def edits_ms(client: httpx2.Client, count: int) -> list[float]:
    took = []
    for n in range(count):
        began = time.perf_counter()
        answer = client.post(
            f"/sessions/{LONG}/lines/{n}/edit", data={"text": f"edit {n}"}, headers={"hx-request": "true"}
        )
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.status_code
    return sorted(took)


@contextmanager
def signed_client(box: WebBox) -> Iterator[httpx2.Client]:
    headers = {"origin": box.address}
    with httpx2.Client(base_url=box.address, verify=False, timeout=60, headers=headers) as client:
        (account,) = box.vaults.accounts()
        client.post("/signin", data={"person": account.vault_id, "passphrase": PASSPHRASE})
        yield client


def together(box: WebBox, vault: Vault, browsers: int, minutes: float) -> tuple[int, int, int]:
    """Edit, play and follow at once; give (edits, lost, errors)."""
    until, errors, kept = time.monotonic() + minutes * 60, [0], list[tuple[int, str]]()

    def work(number: int) -> None:
        with signed_client(box) as client:
            turn = 0
            while time.monotonic() < until:
                seq, text, turn = number + browsers * (turn % 100), f"browser {number} turn {turn}", turn + 1
                calls = (
                    lambda seq=seq, text=text: client.post(f"/sessions/{LONG}/lines/{seq}/edit", data={"text": text}),
                    lambda: client.get(f"/sessions/{LONG}/audio.wav", headers={"range": "bytes=0-65535"}),
                    lambda turn=turn: client.post(f"/sessions/{LONG}/heard", data={"spans": f"{turn}-{turn + 900}"}),
                    lambda: client.get(f"/sessions/{LONG}/edited?since=0") if number == 0 else None,
                )
                for call in calls:
                    answer = call()
                    errors[0] += answer is not None and answer.status_code >= 400
                kept.append((seq, text))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(browsers)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    stored = {(edit.seq, edit.text) for edit in vault.sessions.session_edits(LONG)}
    return len(kept), sum(one not in stored for one in kept), errors[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=2000)
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--browsers", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=5)
    args = parser.parse_args()
    rows: list[tuple[str, float, float, str]] = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        box = WebBox(Path(folder))
        vault = box.new_person()
        fill(vault, box, args.sessions)
        box.start()
        page = browser.new_context(ignore_https_errors=True).new_page()
        sign_in(page, box.address, PASSPHRASE)
        first = interactive_ms(page, f"{box.address}/sessions/{LONG}")
        rows.append(("15,000 words, interactive", first, BOUNDS_MS["interactive"], "ms"))
        rows.append(
            (f"list of {args.sessions:,}", interactive_ms(page, f"{box.address}/today"), BOUNDS_MS["list"], "ms")
        )
        page.close()
        with signed_client(box) as client:
            html = client.get(f"/sessions/{LONG}").content
            rows.append(("its HTML, compressed", len(gzip.compress(html, 6)) / 1000, BOUND_KB, "kB"))
            took = edits_ms(client, args.edits)
        for share in (50, 95, 99):
            at = took[min(len(took) - 1, len(took) * share // 100)]
            rows.append((f"edit round trip p{share}", at, BOUNDS_MS["edit p95"], "ms"))
        count, lost, errors = together(box, vault, args.browsers, args.minutes) if args.minutes else (0, 0, 0)
        rows.append((f"{args.browsers} browsers, {count} edits: lost", lost, 0, ""))
        rows.append(("the same: errors", errors, 0, ""))
        assert Review(vault).approve(LONG, NAME)
        box.close()
    for name, value, bound, unit in rows:
        print(f"{name:40} {value:10.0f} {unit:3} bound {bound:6.0f}  {'' if value <= bound else 'MISSED'}")
    missed = [name for name, value, bound, _ in rows if value > bound]
    print(
        f"{len(rows)} figures, {len(missed)} missed" + (f": {', '.join(missed)}" if missed else "; all within bounds")
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
