"""One thread that does the slow work in order, so that the loop with the button and the light never waits."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

Job = Callable[[], None]


class Hands:
    """Jobs are done one after the other, each after the one before has returned. Ends with the process."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="hands", daemon=True)
        self._thread.start()

    def __call__(self, job: Job) -> None:
        """Has it done later; returns at once. A job that raises ends the thread: see `is_alive`."""
        self._jobs.put(job)

    def _work(self) -> None:
        while True:
            self._jobs.get()()
