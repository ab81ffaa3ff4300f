"""The whole recorder, with a panel and a microphone of straw and real tapes, driven at random by Hypothesis."""

from __future__ import annotations

import errno
import shutil
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.fake_box import BLOCK, BLOCK_MS, RATE_HZ, FakeBox

from firmware.inbox import Quit
from firmware.status import BoxState, EraseLast, Pause, Prepare, Stop, Withdraw
from firmware.tape import (
    ConsentEvent,
    ConsentRecord,
    TapeFailed,
    TapeReader,
    finish_erasing,
    finish_withdrawals,
    list_tapes,
    list_withdrawals,
    open_session_key,
    read_head,
)
from firmware.tape import durable as tape_disk
from firmware.tape.cut import is_being_cut

if TYPE_CHECKING:
    from firmware.consent import ConsentState
    from firmware.consent_table import Action

_KEY: Final = X25519PrivateKey.generate()
_PUBLIC_KEY: Final = _KEY.public_key().public_bytes_raw().hex()
_LIVE: Final = (ConsentEvent.GIVEN, ConsentEvent.RESUMED)
_STALE_MS: Final = 4_000  # a box that is ready looks around every 3 s
_MEMORY: Final = Path("/dev/shm")


class Violation(AssertionError):
    """A sentence of SECURITY.md that did not hold."""


class Steps:
    """How many rules were carried out, over all runs of one process."""

    taken = 0
    recordings = 0


class BoxMachine(RuleBasedStateMachine):
    """`licensed` is the machine's own idea of consent: a press gave it, and nothing has taken it back since."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="tacet", dir=_MEMORY if _MEMORY.is_dir() else None))
        self.disk_error: int | None = None
        self.licensed = False
        self.trouble_since_ms: int | None = None
        self.patches = ExitStack()
        for module in ("segment_file", "cut"):
            self.patches.enter_context(patch(f"firmware.tape.{module}.write_all", self._write_all))
        self.box = self._new_box()

    def teardown(self) -> None:
        self.disk_error = None
        self._crash()
        self._verify_tapes()
        self.patches.close()
        shutil.rmtree(self.folder)

    # What the world does

    @initialize(known=st.sampled_from([True, True, False]))
    def begin(self, *, known: bool) -> None:
        if known:
            self.box.inbox.put(Prepare(public_key=_PUBLIC_KEY))
        self._pass(2_000)
        self.press(speaking=True)

    @rule()
    def mend_and_record(self) -> None:
        """Without it most of the time would pass on a box that is broken in some way."""
        self.microphone(there=True)
        self.microphone_stuck(stuck=False)
        self.disk(None)
        self.red_lamp(broken=False)
        self.prepare(valid=True)
        self.wait(2_500, speaking=True)
        if self.box.status.state is BoxState.FAULT:
            self.hold(2_050, speaking=False)
        if self.box.status.state is not BoxState.RECORDING:
            self.press(speaking=True)
            self.speak(2)

    @rule(speaking=st.booleans())
    def press(self, *, speaking: bool) -> None:
        before = self.box.status.state
        self.box.panel.press()
        self._pass(100, speaking=speaking)
        self.licensed = before in {BoxState.READY, BoxState.PAUSED, BoxState.NOT_READY}
        self.box.panel.release()
        self._pass(50, speaking=speaking)
        self._settle_licence()
        Steps.recordings += before is BoxState.READY and self.box.status.state is BoxState.RECORDING

    @rule(held_ms=st.sampled_from([2_100, 5_000, 6_100, 36_200]), speaking=st.booleans())
    def hold(self, held_ms: int, *, speaking: bool) -> None:
        self.box.panel.press()
        self._pass(held_ms, speaking=speaking)
        self.box.panel.release()
        self._pass(50, speaking=speaking)
        self.licensed = False

    @rule(speaking=st.booleans())
    def withdraw_by_hand(self, *, speaking: bool) -> None:
        self.hold(6_100, speaking=speaking)
        self.press(speaking=speaking)

    @rule(times=st.integers(1, 6))
    def bounce(self, times: int) -> None:
        for _ in range(times):
            self.box.panel.press()
            self._pass(10)
            self.box.panel.release()
            self._pass(10)

    @rule(ms=st.sampled_from([20, 300, 700, 2_500, 6_000]), speaking=st.booleans())
    def wait(self, ms: int, *, speaking: bool) -> None:
        self._pass(ms, speaking=speaking)
        self._settle_licence()

    @rule(seconds=st.integers(1, 5))
    def speak(self, seconds: int) -> None:
        self._pass(seconds * 1000, speaking=True)
        self._settle_licence()

    @rule()
    def overflow(self) -> None:
        self.box.microphone.speak(BLOCK, overflowed=True)

    @rule(command=st.sampled_from([Pause(), Stop()]), speaking=st.booleans())
    def command(self, command: Pause | Stop, *, speaking: bool) -> None:
        self.box.inbox.put(command)
        self._pass(20, speaking=speaking)
        self.licensed = False

    @rule(mine=st.booleans())
    def withdraw_from_page(self, *, mine: bool) -> None:
        session_id = self.box.status.session_id if mine else "0" * 32
        if session_id is not None:
            self.box.inbox.put(Withdraw(session_id=session_id))
            self._pass(20)
            self.licensed = self.licensed and not mine

    @rule(mine=st.booleans(), minutes=st.sampled_from([1, 5]), speaking=st.booleans())
    def erase_last_from_page(self, minutes: int, *, mine: bool, speaking: bool) -> None:
        session_id = self.box.status.session_id if mine else "0" * 32
        if session_id is not None:
            self.box.inbox.put(EraseLast(session_id=session_id, minutes=minutes))
            self._pass(20, speaking=speaking)
            self.licensed = self.licensed and not mine

    @rule(valid=st.booleans())
    def prepare(self, *, valid: bool) -> None:
        self.box.inbox.put(Prepare(public_key=_PUBLIC_KEY if valid else "00"))
        self._pass(100)

    @rule(speaking=st.booleans(), pause=st.booleans())
    def slow_disk(self, *, speaking: bool, pause: bool) -> None:
        """What is to be done waits for a second, in which the room goes on."""
        self.box.jobs = []
        if pause:
            self.command(Pause(), speaking=speaking)
        else:
            self.press(speaking=speaking)
        self._pass(1_000, speaking=speaking)
        while self.box.jobs:
            self.box.jobs.pop(0)()
            self._pass(20, speaking=speaking)
        self.box.jobs = None
        self._pass(20, speaking=speaking)
        self._settle_licence()

    @rule(there=st.booleans())
    def microphone(self, *, there: bool) -> None:
        self.box.microphone.trouble = None if there else "No microphone is connected."
        if there:
            self.trouble_since_ms = None
        elif self.trouble_since_ms is None:
            self.trouble_since_ms = self.box.now_ms

    @rule(stuck=st.booleans())
    def microphone_stuck(self, *, stuck: bool) -> None:
        self.box.microphone.does_not_close = stuck

    @rule(broken=st.booleans())
    def red_lamp(self, *, broken: bool) -> None:
        self.box.panel.red_is_broken = broken
        self._pass(20)  # it is noticed at the next look, and not before
        self._settle_licence()

    @rule(error=st.sampled_from([None, None, errno.ENOSPC, errno.EIO]))
    def disk(self, error: int | None) -> None:
        self.disk_error = error

    @rule(killed=st.booleans(), held=st.booleans())
    def restart(self, *, killed: bool, held: bool) -> None:
        if not killed:
            self.box.inbox.put(Quit())
            self._pass(100)
        self._crash()
        self._verify_tapes()
        self.licensed, self.trouble_since_ms = False, None
        self.box = self._new_box(held=held)
        self._pass(4_000, speaking=True)
        self._must(self.box.microphone._on_block is None, "recording after a restart")
        self.box.panel.release()
        self._pass(100)

    # What must hold

    @invariant()
    def listens_only_with_leave_and_light(self) -> None:
        Steps.taken += 1
        if self.box.microphone._on_block is None:
            self._must(self.box.status.light.red != "on", "red steady although nothing is heard")
            return
        self._must(self.licensed, "listening without a press")
        self._must(self.box.panel.shown().red, "listening without the red light")
        self._must(self.box.status.state is BoxState.RECORDING, "listening, and telling otherwise")

    @invariant()
    def ready_means_preflight_passed(self) -> None:
        if self.box.status.state is not BoxState.READY:
            return
        self._must(self.box.recipients.current is not None, "ready without a recipient")
        stale = self.trouble_since_ms is not None and self.box.now_ms - self.trouble_since_ms > _STALE_MS
        self._must(not stale, "ready without a microphone")

    @invariant()
    def withdrawn_means_no_key(self) -> None:
        withdrawn = {w.session_id for w in list_withdrawals(self.box.tapes_dir) if w.erased_at_ms is not None}
        if self.box.status.receipt_id is not None:
            withdrawn.add(self.box.status.receipt_id)
        for session_id in withdrawn:
            self._must(not (self.box.tapes_dir / session_id).exists(), "withdrawn, and the tape still there")

    @invariant()
    @precondition(lambda self: self.box.status.state in {BoxState.READY, BoxState.NOT_READY})
    def every_sample_is_accounted_for(self) -> None:
        capture = self.box.deck.capture
        if capture is not None:
            kept = capture.samples_sealed + capture.gap_samples + capture.erased_samples
            self._must(capture.samples_in == kept, "samples unaccounted for")

    # How the world is made

    def _new_box(self, *, held: bool = False) -> FakeBox:
        finish_withdrawals(self.folder / "tapes", lambda: 0)
        box = FakeBox(self.folder, private_key=_KEY)
        box.panel._consents = list  # read here instead, and not at every blink
        if held:
            box.panel.press()
        perform = box.deck.perform

        def watched(action: Action, state: ConsentState) -> None:
            self._sound(box)
            perform(action, state)
            self._sound(box)

        box.deck.perform = watched  # type: ignore[method-assign] # the room is heard between any two actions
        return box

    def _sound(self, box: FakeBox) -> None:
        if box.microphone._on_block is not None:
            self._must(box.panel._levels.red, "sound while the red light is dark")
            self._must(self._consent_on_tape(box) in _LIVE, "sound without a live consent on the tape")
            box.microphone.speak(BLOCK)

    def _consent_on_tape(self, box: FakeBox) -> ConsentEvent | None:
        """As it can be read from the disk at this moment."""
        if box.deck.session_id is None:
            return None
        occurrences = self._read_tape(box.tapes_dir / box.deck.session_id).occurrences()
        return next((found.event for found in reversed(occurrences) if isinstance(found, ConsentRecord)), None)

    def _pass(self, ms: int, *, speaking: bool = False) -> None:
        """In steps of 10 ms; in longer ones where nothing is to happen for long."""
        step_ms = 10 if ms <= 200 else BLOCK_MS if speaking else 2 * BLOCK_MS
        for passed in range(step_ms, ms + 1, step_ms):
            self.box.now_ms += step_ms
            if speaking and self.box.now_ms % BLOCK_MS < step_ms:
                self.box.microphone.speak(BLOCK)
            self.box.recorder.turn(0)
            if passed % 1000 == 0:
                self._let_the_writer_catch_up()

    def _let_the_writer_catch_up(self) -> None:
        """It works in real time, and the box's clock runs a thousand times as fast."""
        capture = self.box.deck.capture
        deadline_s = time.monotonic() + 0.2
        while capture is not None and capture._writer is not None and not capture._tape_failed:
            waiting = capture.samples_in - capture.samples_sealed - capture.gap_samples - capture.erased_samples
            if waiting <= RATE_HZ or time.monotonic() > deadline_s:
                return
            time.sleep(0.0005)

    def _settle_licence(self) -> None:
        """A press counts only for what it began: a box that is not recording now, nor trying to, needs another one."""
        status = self.box.status
        going_on = status.state in {BoxState.RECORDING, BoxState.FAULT} and status.session_id is not None
        if self.box.jobs is None and not going_on:
            self.licensed = False

    def _crash(self) -> None:
        """The process is gone: its microphone is closed, its lock released."""
        self.box.microphone.does_not_close = False
        self.box.microphone.close()
        if self.box.deck.capture is not None:
            self.box.deck.capture.finish()
        if self.box.deck._tape is not None:
            self.box.deck._tape.abandon()

    def _verify_tapes(self) -> None:
        """A reader refuses sound outside a consent span, and whatever else is wrong."""
        with suppress(TapeFailed):  # a storage that refuses is asked again at the next start
            finish_erasing(self.folder / "tapes")
        for folder in list_tapes(self.folder / "tapes"):
            if is_being_cut(folder):
                continue
            tape = self._read_tape(folder)
            tape.verify()
            if tape.closed:
                shutil.rmtree(folder)  # keeps a run of many sessions quick

    def _read_tape(self, folder: Path) -> TapeReader:
        return TapeReader(folder, open_session_key(read_head(folder), _KEY.private_bytes_raw()))

    def _write_all(self, fd: int, content: bytes) -> None:
        if self.disk_error is not None:
            raise OSError(self.disk_error, "the disk refuses")
        tape_disk.write_all(fd, content)

    def _must(self, holds: bool, sentence: str) -> None:  # noqa: FBT001  as an assertion's
        if not holds:
            raise Violation(sentence)
