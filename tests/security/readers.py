"""Readers of files that come from elsewhere, fed with files that are almost what they should be.

    python -m tests.security.readers --minutes 60

Hypothesis draws a whole file and what is done to it; a reader may read what comes or refuse it in a sentence. Anything
else is a miss, and so is a file over which it sits for seconds.
"""

import argparse
import contextlib
import shutil
import sys
import time
import traceback
import wave
from base64 import b64decode, encodebytes
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest's pythonpath does

from faults.scratch import scratch_folder
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from support.tapes import new_tape, record_session, session_key
from support.vaults import PASSPHRASE

from app.addresses import BoxNames
from app.box.invitations import Invitations, Role
from app.box.it_account import ItAccount
from app.errors import TacetError
from app.records.appointments import Series
from app.records.calendar_files import expand, read_calendar
from app.tls import CertificateFailed, clinic_certificate, ensure_certificate
from app.vault.account import list_accounts
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vaults
from firmware.errors import FirmwareError
from firmware.tape import TapeReader, read_head
from firmware.tape.records import decode
from tacet.backup.copying import back_up
from tacet.backup.repository import Repository
from tacet.backup.restoring import restore
from tacet.settings import load_settings
from tacet.sound_file import blocks_of, channels_of

MOST_CPU_S = 10.0  # for one file
BATCH = 200
TURN_S = 5.0  # of CPU, for one reader at a time
ZONE = ZoneInfo("Europe/Berlin")
WEEK = datetime(2026, 3, 23, tzinfo=ZONE), datetime(2026, 3, 30, tzinfo=ZONE)
CALENDAR = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//EN\r
BEGIN:VTIMEZONE\r
TZID:Home\r
BEGIN:STANDARD\r
DTSTART:19961027T030000\r
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r
TZOFFSETFROM:+0200\r
TZOFFSETTO:+0100\r
END:STANDARD\r
BEGIN:DAYLIGHT\r
DTSTART:19810329T020000\r
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r
TZOFFSETFROM:+0100\r
TZOFFSETTO:+0200\r
END:DAYLIGHT\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
UID:one@test\r
DTSTAMP:20260101T000000Z\r
DTSTART;TZID=Home:20260105T090000\r
DURATION:PT50M\r
RRULE:FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20270101T000000Z\r
EXDATE;TZID=Home:20260112T090000\r
SUMMARY:Hour\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:one@test\r
DTSTAMP:20260102T000000Z\r
RECURRENCE-ID;TZID=Home:20260326T090000\r
DTSTART;TZID=Home:20260326T110000\r
DTEND;TZID=Home:20260326T115000\r
SUMMARY:Moved\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:two@test\r
DTSTAMP:20260101T000000Z\r
DTSTART;VALUE=DATE:20260325\r
RDATE;VALUE=DATE:20260327,20260401\r
END:VEVENT\r
END:VCALENDAR\r
"""
CALENDAR_PIECES = (
    b"RRULE:FREQ=SECONDLY\r\n",
    b"RRULE:FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2\r\n",
    b";COUNT=999999999",
    b";INTERVAL=0",
    b";BYSETPOS=-366",
    b"BEGIN:VEVENT\r\n",
    b"END:VEVENT\r\n",
    b"DTSTART;TZID=Mars/Base:00010101T000000\r\n",
    b"DTSTART:99991231T235959Z\r\n",
    b"DURATION:-P9999999D\r\n",
    b"RDATE;VALUE=PERIOD:20260101T000000Z/PT1H\r\n",
    b"RECURRENCE-ID:19700101T000000Z\r\n",
    b"\r\n ",
    b"TZOFFSETTO:+9999\r\n",
)
SETTINGS = b"""data_dir = "/var/lib/tacet"
[box]
name = "tacet-room-3"
time_zone = "Europe/Berlin"
[network]
method = "static"
address = "192.168.7.20/24"
gateway = "192.168.7.1"
[recorder]
channels = 2
min_free_hours = 0.5
[app]
hosts = ["tacet.clinic.example"]
lock_at = "03:00"
audio_days = 7
[asr]
model = "base"
"""
SETTINGS_PIECES = (
    b"= inf",
    b"= nan",
    b"[" * 3000,
    b"{a=" * 2000,
    b"[[app]]\n",
    b"1979-05-27T07:32:00Z",
    b"0x",
    b"-1",
    b"1e999",
)
DER_PIECES = (
    b"\x06\x05\x2b\x81\x04\x00\x23",  # other curves
    b"\x06\x05\x2b\x81\x04\x00\x0a",
    b"\x06\x03\x2b\x65\x71",  # other kinds of key
    b"\x06\x07\x2a\x86\x48\xce\x38\x04\x01",
    b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01",
    b"\x30\x84\x7f\xff\xff\xff",
    b"\x02\x01\x00",
    b"\x17\x0d991332256161Z",
)
JSON_PIECES = (b"[" * 5000, b'{"a":' * 5000, b"1e999", b"-1", b"null", b'"\\ud800"', b"9" * 5000, b"NaN", b"true")


@dataclass(frozen=True)
class Reader:
    name: str
    seeds: tuple[bytes, ...]  # whole files
    read: Callable[[bytes], object]
    pieces: tuple[bytes, ...] = (b"\x00" * 8, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00")


@dataclass
class Count:
    files: int = 0
    uncaught: int = 0
    slowest_s: float = 0.0
    kinds: set[str] = field(default_factory=set)


def almost(reader: Reader) -> st.SearchStrategy[bytes]:
    """Whole files with places taken out, put in, doubled or cut off; now and then anything at all."""
    put = st.binary(max_size=24) | st.sampled_from(reader.pieces)
    edit = st.tuples(st.integers(0, 1 << 24), st.integers(0, 60), put)
    whole = st.sampled_from(reader.seeds)
    changed = st.tuples(whole, st.lists(edit, min_size=1, max_size=6), st.integers(0, 1 << 24) | st.none()).map(_edited)
    return changed | st.binary(max_size=400)


def _edited(drawn: tuple[bytes, list[tuple[int, int, bytes]], int | None]) -> bytes:
    content, edits, cut = bytearray(drawn[0]), drawn[1], drawn[2]
    for place, length, put in edits:
        at = place % (len(content) + 1)
        content[at : at + length] = put
    return bytes(content if cut is None or cut % 4 else content[: cut // 4 % (len(content) + 1)])


def fuzz(reader: Reader, files: int, counted: Count, number: int = 0) -> None:
    """Draw so many files, differently for every number."""

    @seed(number)
    @settings(
        max_examples=files,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(content=almost(reader))
    def look(content: bytes) -> None:
        began_s = time.process_time()
        try:
            reader.read(content)
        except (TacetError, FirmwareError):
            pass
        except Exception as error:  # noqa: BLE001  that is what is counted
            _miss(reader, counted, _place(error), content)
        took_s = time.process_time() - began_s
        counted.files += 1
        counted.slowest_s = max(counted.slowest_s, took_s)
        if took_s > MOST_CPU_S:
            _miss(reader, counted, f"took {took_s:.0f} s", content)

    look()


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}: {str(error)[:80]}"


def _miss(reader: Reader, counted: Count, kind: str, content: bytes) -> None:
    counted.uncaught += 1
    if kind not in counted.kinds:
        counted.kinds.add(kind)
        sys.stderr.write(f"  {reader.name}: {kind}\n    {content[:1200]!r}\n")


@contextlib.contextmanager
def all_readers() -> Iterator[tuple[Reader, ...]]:
    with scratch_folder(in_memory=True) as folder:
        yield (*_tape(folder), _calendar(), *_sound(folder), *_documents(folder), *_certificates(folder))


def _tape(folder: Path) -> Iterator[Reader]:
    writer = new_tape(folder / "tapes")
    record_session(writer)
    tape = writer.folder
    key, head = session_key(tape), (tape / "head").read_bytes()
    segments = {path: path.read_bytes() for path in sorted(tape.glob("*.seg"))}
    yield Reader("tape head", (head,), _into(tape / "head", lambda: read_head(tape), head))
    records: list[object] = []
    for path, whole in segments.items():

        def read() -> None:
            reader = TapeReader(tape, key)
            records[:] = reader.events()
            reader.read_pcm(0, reader.samples)

        yield Reader(f"tape {path.name}", (whole,), _into(path, read, whole))
    sealed_wrong = tuple(bytes([kind]) + bytes(8) + bytes(range(20)) for kind in range(1, 10))
    yield Reader("tape record in clear", sealed_wrong, _decoded)


def _decoded(content: bytes) -> None:
    with contextlib.suppress(ValueError):  # its word for a record that it refuses
        decode(content, 1)


def _into(path: Path, read: Callable[[], object], afterwards: bytes | None = None) -> Callable[[bytes], object]:
    """Read a file with this content, and put back what stood there."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def put_and_read(content: bytes) -> None:
        path.write_bytes(content)
        try:
            read()
        finally:
            path.unlink() if afterwards is None else path.write_bytes(afterwards)

    return put_and_read


def _calendar() -> Reader:
    def read(content: bytes) -> None:
        calendar = read_calendar(content, ZONE)
        for one in calendar.events:
            series = Series("ab" * 16, calendar.name, one.uid, None, one.title, one.ics, one.first_ms, one.last_ms)
            expand(series, *WEEK, ZONE)
            expand(series, WEEK[0] + timedelta(days=3650), WEEK[1] + timedelta(days=3650), ZONE)

    return Reader("calendar", (CALENDAR,), read, CALENDAR_PIECES)


def _sound(folder: Path) -> Iterator[Reader]:
    path = folder / "sound.wav"

    def read() -> None:
        for channels in {min(2, channels_of(path)), 1}:
            for _ in blocks_of(path, max(1, channels)):
                pass

    yield Reader(
        "sound file", tuple(_wav(*one) for one in ((8000, 1, 2), (44100, 2, 2), (16000, 1, 1))), _into(path, read)
    )


def _wav(rate_hz: int, channels: int, width: int) -> bytes:
    written = BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate_hz)
        file.writeframes(bytes(range(256)) * 8)
    return written.getvalue()


def _documents(folder: Path) -> Iterator[Reader]:
    """What is kept as JSON or TOML; the seeds are what the box itself writes."""
    invitations, it_account = Invitations(folder / "i"), ItAccount(folder / "c", CHEAP_COST)
    invitations.invite(Role.CLINIC_IT)
    it_account.set_passphrase("seven loud orange kettles")
    vaults = Vaults(folder / "v", cost=CHEAP_COST)
    vaults.create("Ada", PASSPHRASE)
    vaults.lock_all()
    backup = Repository(folder / "b")
    back_up(folder / "v", backup)
    files: tuple[tuple[str, Path, Callable[[], object]], ...] = (
        ("account", next((folder / "v").glob("*/account.json")), lambda: list_accounts(folder / "v")),
        ("invitations", folder / "i/invitations.json", lambda: invitations.role_of("0000-0000")),
        ("clinic IT", folder / "c/clinic-it.json", lambda: it_account.verify("x")),
        ("backup", next((folder / "b/snapshots").iterdir()), lambda: _restored(backup, folder / "restored")),
    )
    for name, path, read in files:
        yield Reader(name, (path.read_bytes(),), _into(path, read), JSON_PIECES)
    code, toml = folder / "i/setup-code", folder / "tacet.toml"
    yield Reader("set-up code", (b"ABCD-EFGH\n",), _into(code, lambda: invitations.role_of("0000-0000")))
    yield Reader("configuration", (SETTINGS,), _into(toml, lambda: load_settings(toml)), SETTINGS_PIECES)


def _certificates(folder: Path) -> Iterator[Reader]:
    """A clinic's own: the files in PEM, and in what PEM holds, or no change would ever get past its Base64."""
    names = BoxNames(("tacet.local",), (ip_address("192.168.7.20"),))
    own = ensure_certificate(folder / "tls", "tacet", names=names)
    own_key = own.key_path.read_bytes()

    def both() -> None:
        """As a clinic's own, and as the box's own at a start after a power cut."""
        try:
            clinic_certificate(own.cert_path, own.key_path)
        except CertificateFailed:
            ensure_certificate(folder / "tls", "tacet", names=names)
            own.key_path.write_bytes(own_key)

    for name, path in (("certificate", own.cert_path), ("certificate's key", own.key_path)):
        whole = path.read_bytes()  # the first of a chain
        first = whole[: whole.index(b"-----END")]
        label, _, letters = first.removeprefix(b"-----BEGIN ").partition(b"-----\n")
        put_and_read = _into(path, both, whole)

        def in_pem(content: bytes, label: bytes = label, read: Callable[[bytes], object] = put_and_read) -> None:
            read(b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, encodebytes(content), label))

        yield Reader(name, (whole,), put_and_read)
        yield Reader(f"{name} in PEM", (b64decode(letters),), in_pem, DER_PIECES)


def _restored(backup: Repository, place: Path) -> None:
    try:
        restore(backup, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.security.readers", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="of processor time, in all, shared evenly (default 60)"
    )
    parser.add_argument("--only", default="", metavar="WORD", help="only readers whose name has this word")
    args = parser.parse_args()
    with all_readers() as readers:
        chosen = [reader for reader in readers if args.only in reader.name]
        counts = {reader.name: Count() for reader in chosen}
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        for number in count():
            if time.process_time() - began_cpu_s >= args.minutes * 60:
                break
            for reader in chosen:
                until_s = time.process_time() + TURN_S
                while time.process_time() < until_s:
                    fuzz(reader, BATCH, counts[reader.name], number * 1000 + counts[reader.name].files)
        return _table(counts, time.process_time() - began_cpu_s, time.monotonic() - began_s)


def _table(counts: dict[str, Count], cpu_s: float, took_s: float) -> int:
    for name, counted in counts.items():
        print(
            f"{name:24} {counted.files:9,} files  {counted.uncaught:4} uncaught  slowest {counted.slowest_s:5.2f} CPU s"
        )
    uncaught, files = (sum(getattr(one, name) for one in counts.values()) for name in ("uncaught", "files"))
    time_words = f"{cpu_s / 60:.1f} minutes of processor time ({took_s / 60:.0f} by the clock)"
    print(f"{len(counts)} readers, {files:,} files in {time_words}: {uncaught} uncaught")
    return 1 if uncaught else 0


if __name__ == "__main__":
    raise SystemExit(main())
