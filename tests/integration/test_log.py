"""The log from where it is kept to clinic IT's page: a real journal file, real sockets, real processes."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.log_server import log_served
from support.web_client import WebClient, web_client

from app.log_lines import AWAY, Level, LogAway, LogLine, LogWish, Source, read_log
from tacet.log.journal import Journal
from tacet.log.kept import KeptLog
from tacet.log.server import serve_handed_over
from tacet.processes import Service, running

REMOTE = "/lib/systemd/systemd-journal-remote"
BEGAN_US = 1_795_754_147_000_000
SAYS = """
import sys
sys.stderr.write('<4>app: the pool is away\\n<6>app: ' + 'x' * 3_000_000 + '\\nlast words')
sys.exit(3)
"""


def entry(number: int, message: str, priority: int, **fields: str) -> str:
    """One entry in the journal's export format."""
    known = {"_BOOT_ID": "d" * 32, "_MACHINE_ID": "3" * 32, "PRIORITY": str(priority), "MESSAGE": message}
    named = {
        "__CURSOR": f"s=1;i={number}",
        "__REALTIME_TIMESTAMP": str(BEGAN_US + number * 1_000_000),
        "__MONOTONIC_TIMESTAMP": str(number),
        **known,
        **fields,
    }
    return "\n".join(f"{name}={value}" for name, value in named.items()) + "\n\n"


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Journal:
    """A journal with lines of the box, of the system, and of a program that is none of ours."""
    folder = tmp_path_factory.mktemp("journal")
    exported = "".join(
        (
            entry(1, "recorder: not ready: No microphone.", 4, _SYSTEMD_UNIT="tacet-recorder.service"),
            entry(2, "app: ended, keys dropped", 6, _SYSTEMD_UNIT="tacet-app.service"),
            entry(3, "somebody's own words", 3, _SYSTEMD_UNIT="cron.service"),
            entry(4, "Started tacet-app.service.", 6, _PID="1", _UID="0", UNIT="tacet-app.service"),
            entry(5, "mmc0: error -110", 3, _TRANSPORT="kernel"),
            entry(6, "usb 1-1: new device", 6, _TRANSPORT="kernel"),
            entry(7, "asr: model loaded", 6, _SYSTEMD_UNIT="tacet-asr.service"),
        )
    )
    kept = folder / "box.journal"
    subprocess.run([REMOTE, f"--output={kept}", "-"], input=exported.encode(), check=True, capture_output=True)
    return Journal((f"--file={kept}",))


def texts(lines: list[LogLine]) -> list[str]:
    return [line.text for line in lines]


def test_journal__asked_for_all__gives_the_boxs_lines_and_the_kernels_warnings_newest_first(journal: Journal) -> None:
    found = asyncio.run(journal.lines(LogWish()))
    assert texts(found) == [
        "asr: model loaded",
        "mmc0: error -110",
        "Started tacet-app.service.",
        "app: ended, keys dropped",
        "recorder: not ready: No microphone.",
    ]
    assert [line.source for line in found[:3]] == [Source.ASR, Source.SYSTEM, Source.APP]
    assert found[0].at_ms == BEGAN_US // 1000 + 7000


def test_journal__narrowed__gives_what_is_wished_for(journal: Journal) -> None:
    warnings = asyncio.run(journal.lines(LogWish(level=Level.WARNING)))
    assert texts(warnings) == ["mmc0: error -110", "recorder: not ready: No microphone."]
    assert texts(asyncio.run(journal.lines(LogWish(source=Source.APP, most=1)))) == ["Started tacet-app.service."]


@pytest.mark.parametrize("source", list(Source))
def test_journal__without_a_line_of_somebody__is_no_error(journal: Journal, source: Source) -> None:
    assert all(line.source is source for line in asyncio.run(journal.lines(LogWish(source=source))))


def test_log_process__which_nobody_asks__ends_and_has_answered(journal: Journal, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "log.sock"))
        listener.listen()

        async def scene() -> tuple[LogLine, ...]:
            asking = asyncio.create_task(asyncio.to_thread(read_log, tmp_path, LogWish(source=Source.RECORDER)))
            while not asking.done():  # as systemd does, which keeps the socket
                await serve_handed_over(journal, listener.dup(), 0.1)
            return await asking

        assert [line.level for line in asyncio.run(scene())] == [Level.WARNING]


def test_log__which_nobody_serves__says_so(tmp_path: Path) -> None:
    with pytest.raises(LogAway, match="cannot be read just now"):
        read_log(tmp_path, LogWish())


def test_log__a_journal_that_cannot_be_read__says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "broken.journal").write_text("nothing of the kind")
    broken = Journal((f"--file={tmp_path / 'broken.journal'}",))
    with log_served(broken, tmp_path), pytest.raises(LogAway, match="Start the box again"):
        read_log(tmp_path, LogWish())


def test_log__asked_in_no_way_that_it_knows__answers_with_a_sentence(tmp_path: Path) -> None:
    with log_served(KeptLog(), tmp_path), socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(tmp_path / "log.sock"))
        asking.sendall(b"GET / HTTP/1.1\n")
        assert b"no question" in asking.recv(1000)


class Script(Service):
    @property
    def command(self) -> list[str]:
        return [sys.executable, "-c", *self.arguments]


def test_processes__of_a_run_without_a_journal__have_what_they_wrote_kept(capfd: pytest.CaptureFixture[str]) -> None:
    log = KeptLog()

    async def scene() -> list[LogLine]:
        async with running([Script("app", (SAYS,))], log=log), asyncio.timeout(60):
            while not any("ended with code 3" in line.text for line in await log.lines(LogWish())):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return await log.lines(LogWish())

    *_, before, first = asyncio.run(scene())
    assert (first.text, first.level) == ("the pool is away", Level.WARNING)
    shown = capfd.readouterr().err
    assert "app: the pool is away" in shown
    assert "<4>" not in shown
    assert "last words" in shown
    assert before.at_ms >= first.at_ms


def it_page(client: WebClient, path: str) -> str:
    return client.http.get(path).text


def test_log_page__shows_what_is_kept_newest_first_and_narrows_it(tmp_path: Path) -> None:
    log = KeptLog()
    log.take("app", "<4>app: the pool is <away>")
    log.take("asr", "<6>asr: model loaded")
    with web_client(tmp_path) as client, log_served(log, tmp_path):
        client.new_person()
        client.join_as_it()
        page = it_page(client, "/it/log")
        assert page.index("model loaded") < page.index("the pool is &lt;away&gt;")
        assert "The last 2 lines, the newest first." in page
        narrowed = it_page(client, "/it/log?of=app&level=warning")
        assert "model loaded" not in narrowed
        assert '<option value="app" selected>' in narrowed
        assert "No such line is kept." in it_page(client, "/it/log?of=recorder&level=info")
        assert "model loaded" in it_page(client, "/it/log?of=nobody&level=loud")
        text = client.http.get("/it/log/tacet-log.txt?of=asr")
    assert text.headers["content-disposition"] == 'attachment; filename="tacet-log.txt"'
    assert text.text.endswith(" asr info: model loaded\n")
    assert "away" not in text.text


def test_log_page__nobody_gives_the_log__says_so_and_the_text_too(tmp_path: Path) -> None:
    with web_client(tmp_path) as client:
        client.new_person()
        client.join_as_it()
        assert AWAY in it_page(client, "/it/log")
        answer = client.http.get("/it/log/tacet-log.txt")
    assert (answer.status_code, answer.text) == (503, f"{AWAY}\n")


def test_log_page__nothing_was_written__says_so(tmp_path: Path) -> None:
    with web_client(tmp_path) as client, log_served(KeptLog(), tmp_path):
        client.new_person()
        client.join_as_it()
        assert "Nothing was written yet." in it_page(client, "/it/log")


def test_log_page__for_a_therapist_or_nobody__is_none(tmp_path: Path) -> None:
    with web_client(tmp_path) as client, log_served(KeptLog(), tmp_path):
        vault = client.new_person()
        for path in ("/it/log", "/it/log/tacet-log.txt", "/it/queue"):
            assert client.http.get(path).status_code in {303, 401}
        client.sign_in(vault)
        assert "The log" not in it_page(client, "/it/log")
