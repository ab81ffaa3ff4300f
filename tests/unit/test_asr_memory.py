"""In a process of its own, as what is let go of is the whole process's."""

import subprocess
import sys

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
