import threading

from firmware.microphone import BlockSink, MicrophoneMissing, MicrophoneStuck


class FakeMicrophone:
    """Delivers what a test speaks into it, or by itself; passes the microphones' contract tests."""

    name = "fake microphone"

    def __init__(self, history: list[str] | None = None, *, block: bytes | None = None) -> None:
        """With `block`, delivers it every 50 ms while it is open, in a thread of its own."""
        self.history: list[str] = [] if history is None else history
        self.trouble: str | None = None
        self.does_not_close = False
        self.ended = False
        self._block = block
        self._on_block: BlockSink | None = None
        self._closing = threading.Event()
        self._speaker: threading.Thread | None = None

    def problem(self) -> str | None:
        return self.trouble

    def rewind(self) -> None:
        self.ended = False

    def open(self, on_block: BlockSink) -> None:
        if self.trouble is not None:
            raise MicrophoneMissing(self.trouble)
        self.history.append("microphone opened")
        self._on_block = on_block
        self._closing = threading.Event()
        if self._block is not None:
            self._speaker = threading.Thread(target=self._speak_on, daemon=True)
            self._speaker.start()

    def close(self) -> None:
        self._closing.set()
        if self._speaker is not None:
            self._speaker.join()
            self._speaker = None
        if self._on_block is not None:
            self.history.append("microphone closed")
        self._on_block = None
        if self.does_not_close:
            raise MicrophoneStuck("The fake microphone does not answer.")

    def speak(self, block: bytes, *, overflowed: bool = False, missing_samples: int = 0) -> None:
        if self._on_block is not None:
            self._on_block(block, overflowed=overflowed, missing_samples=missing_samples)

    def _speak_on(self) -> None:
        assert self._block is not None
        while not self._closing.wait(0.05):
            self.speak(self._block)
