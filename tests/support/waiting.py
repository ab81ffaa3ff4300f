import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], timeout_s: float = 5.0, what: str = "") -> None:
    """Returns as soon as the condition holds; fails the test when it does not in time."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, f"waited {timeout_s} s in vain {what}"
        time.sleep(0.005)
