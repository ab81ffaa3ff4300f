import subprocess
import sys

from app.asr.memory import unchanged

LIBRARIES_READ = """
import hashlib, ssl, sqlite3
from app.asr.memory import let_go_of_files

def file_kb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssFile"))

seven = hashlib.sha256(b"7").hexdigest()
before = file_kb()
let_go_of_files()
after = file_kb()
assert hashlib.sha256(b"7").hexdigest() == seven
assert ssl.create_default_context().get_ciphers()
assert sqlite3.connect(":memory:").execute("SELECT sum(value) FROM json_each('[3, 4]')").fetchone() == (7,)
print(before, after)
"""


def test_let_go_of_files__libraries_that_were_read__take_less_and_go_on_working() -> None:
    ran = subprocess.run([sys.executable, "-c", LIBRARIES_READ], capture_output=True, text=True, check=True)
    before, after = map(int, ran.stdout.split())
    assert after < before / 2


def mapping(permissions: str, path: str, changed_kb: int = 0, swapped_kb: int = 0) -> str:
    head = f"1000-3000 {permissions} 00000000 fe:00 12                 {path}\n"
    return f"{head}Rss:     8 kB\nAnonymous:     {changed_kb} kB\nSwap:     {swapped_kb} kB\nVmFlags: rd mr\n"


def test_unchanged__code_and_constants_of_a_library__are_told() -> None:
    mappings = mapping("r-xp", "/usr/lib/libc.so.6") + mapping("r--p", "/usr/lib/libc.so.6")
    assert list(unchanged(mappings)) == [(0x1000, 0x3000)] * 2


def test_unchanged__what_would_be_lost_or_is_no_file__is_not_told() -> None:
    kept = [
        mapping("rw-p", "/usr/lib/libc.so.6"),
        mapping("r--s", "/usr/lib/libc.so.6"),
        mapping("r--p", "/usr/lib/libc.so.6", changed_kb=4),
        mapping("r--p", "/usr/lib/libc.so.6", swapped_kb=4),
        mapping("r--p", "/dev/snd/pcmC0D0c"),
        mapping("r--p", ""),
        mapping("r-xp", "[vdso]"),
    ]
    assert list(unchanged("".join(kept))) == []
