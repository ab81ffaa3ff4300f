"""The recorder's one loop: hears everything, lets the consent table decide, and has it done."""

from __future__ import annotations

import contextlib
from collections import deque
from queue import Empty
from typing import TYPE_CHECKING, Final, assert_never

from firmware import button, consent
from firmware.button import Gesture
from firmware.consent import ConsentState, EraseLastAsked, Event, FaultSeen
from firmware.consent_table import LATEST_PRESS_MS, LIGHTS, Action, Phase, Trigger
from firmware.deck import ActionFailed
from firmware.inbox import ActionsDone, ButtonMoved, Checked, FaultFound, Message, Quit
from firmware.lamp import DARK
from firmware.preflight import NOT_YET_CHECKED
from firmware.recipient import Preparation, RecipientUnusable, recipient_from_hex
from firmware.status import EraseLast, Pause, Prepare, Stop, TryLight, Withdraw
from firmware.watch import Attention, find_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.deck import Deck
    from firmware.faults import Fault
    from firmware.hands import Job
    from firmware.inbox import Inbox
    from firmware.lamp import Lamp
    from firmware.microphone import Microphone
    from firmware.panel import Panel
    from firmware.preflight import Preflight
    from firmware.recipient import RecipientFile
    from firmware.status import Command
    from firmware.telling import Teller
    from firmware.trials import Trials

TICK_S: Final = 0.02  # no blink and no hold is finer
_CHECK_EVERY_MS: Final = {
    Phase.NOT_READY: 1_000,
    Phase.READY: 3_000,
    Phase.MICROPHONE_LOST: 1_000,
    Phase.MICROPHONE_LOST_SEEN: 1_000,
}
_IDLE: Final = frozenset({Phase.READY, Phase.NOT_READY})
_EXIT_PATIENCE_MS: Final = 10_000  # for a disk that stalls while the last session is being closed
_GESTURES: Final = {gesture: Trigger(gesture.value) for gesture in Gesture}


class Recorder:
    """Never waits for disk or microphone: that is for `hands`, which does one job after the other.

    A transition's actions are performed as one job, and the next event is decided upon when they are done; what
    happens meanwhile waits its turn. Everything here is called in the loop's thread, except where it says otherwise.
    """

    def __init__(  # noqa: PLR0913  the parts of a box
        self,
        *,
        inbox: Inbox,
        hands: Callable[[Job], None],
        panel: Panel,
        lamp: Lamp,
        microphone: Microphone,
        deck: Deck,
        preflight: Preflight,
        recipients: RecipientFile,
        teller: Teller,
        trials: Trials,
        block_timeout_ms: int,
        clock_ms: Callable[[], int],
    ) -> None:
        self._inbox = inbox
        self._hands = hands
        self._panel = panel
        self._lamp = lamp
        self._microphone = microphone
        self._deck = deck
        self._preflight = preflight
        self._recipients = recipients
        self._teller = teller
        self._trials = trials
        self._block_timeout_ms = block_timeout_ms
        self._attention = Attention()
        self._clock_ms = clock_ms
        now_ms = clock_ms()
        self._state = consent.at_start((NOT_YET_CHECKED,), now_ms)
        self._settled = self._state  # the last state that was made true
        self._button = button.at_start(raw_down=panel.button_is_down(), now_ms=now_ms)
        self._waiting: deque[tuple[Event, int]] = deque()
        self._acting = False
        self._checking = False
        self._next_check_ms = now_ms
        self._microphone_problem: str | None = None
        self._found: tuple[str, ...] = (NOT_YET_CHECKED,)
        self._quit_at_ms: int | None = None

    @property
    def state(self) -> ConsentState:
        """Faults as soon as they are known, everything else once it has been made true."""
        return self._state if self._state.fault is not None else self._settled

    def run(self) -> bool:
        """Works until it is told to quit; returns whether everything was closed in time."""
        self.begin()
        while not self._is_over():
            self.turn(TICK_S)
        self._lamp.show(DARK)
        return not self._acting

    def begin(self) -> None:
        """Shows the first light and minds the button."""
        self._lamp.show(LIGHTS[self._state.phase])
        self._panel.watch_button(lambda down: self._inbox.put(ButtonMoved(down, self._clock_ms())))

    def turn(self, wait_s: float) -> None:
        """Hears what has come, waiting at most `wait_s` for it, and looks around once."""
        message = self._next(wait_s)
        while message is not None:
            self._hear(message)
            message = self._next(0)
        now_ms = self._clock_ms()
        self._move_button(self._panel.button_is_down(), now_ms)
        self._lamp.tick()
        self._watch_trial(now_ms)
        self._watch(now_ms)
        self._end_patience(now_ms)
        self._check_when_due(now_ms)
        self._teller.tell(self.state, self._microphone_problem, now_ms)

    def _next(self, wait_s: float) -> Message | None:
        try:
            return self._inbox.get(block=wait_s > 0, timeout=wait_s or None)
        except Empty:
            return None

    def _hear(self, message: Message) -> None:
        match message:
            case ButtonMoved(down, at_ms):
                self._move_button(down, at_ms)
            case FaultFound(fault, at_ms):
                self._decide(FaultSeen(fault), at_ms)
            case ActionsDone(fault, at_ms):
                self._settle(fault, at_ms)
            case Checked(findings, asked_at_ms):
                self._checking = False
                self._microphone_problem = findings.microphone
                self._trials.microphone_checked(findings.microphone)
                self._found = findings.reasons
                self._decide(self._preflight_event(), asked_at_ms)
                if findings.microphone is None:
                    self._decide(Trigger.MICROPHONE_BACK, asked_at_ms)
            case Pause() | Stop() | Withdraw() | EraseLast() | Prepare() | TryLight():
                self._obey(message)
            case Quit():
                self._quit()
            case _:
                assert_never(message)

    def _obey(self, command: Command) -> None:
        match command:
            case Pause():
                self._decide(Trigger.PAUSE_COMMAND, self._clock_ms())
            case Stop():
                self._decide(Trigger.STOP_COMMAND, self._clock_ms())
            case Withdraw(session_id=session_id):
                if session_id == self._deck.session_id:  # and not the one that began meanwhile
                    self._decide(Trigger.WITHDRAW_COMMAND, self._clock_ms())
            case EraseLast(session_id=session_id, minutes=minutes):
                if session_id == self._deck.session_id:
                    self._decide(EraseLastAsked(minutes), self._clock_ms())
            case Prepare():
                self._prepare(command)
            case TryLight():
                if self._is_idle() and not self._trials.running:
                    self._trials.begin(self._lamp, self._clock_ms())
            case _:
                assert_never(command)

    def _move_button(self, down: bool, at_ms: int) -> None:  # noqa: FBT001  as the panel tells it
        self._button, gestures = button.step(self._button, raw_down=down, now_ms=at_ms)
        if self._quit_at_ms is not None:
            return  # a press now would begin what nobody is there to finish
        for gesture in gestures:
            if not self._is_trials(gesture):
                self._decide(_GESTURES[gesture], at_ms)

    def _is_trials(self, gesture: Gesture) -> bool:
        """Notes that the button works; during a trial that is all that the press means, and letting go ends it."""
        self._trials.pressed()
        if not self._trials.running:
            return False
        if gesture is not Gesture.LONG_HOLD:
            self._end_trial()
        return True

    def _watch_trial(self, now_ms: int) -> None:
        if self._trials.look(self._button, self._lamp, now_ms):
            self._end_trial()

    def _end_trial(self) -> None:
        self._trials.leave()
        self._lamp.show(LIGHTS[self._state.phase])

    def _is_idle(self) -> bool:
        return self._state.phase in _IDLE and not self._acting and self._quit_at_ms is None

    def _decide(self, event: Event, at_ms: int) -> None:
        self._waiting.append((event, at_ms))
        self._advance()

    def _advance(self) -> None:
        while self._waiting and not self._acting:
            event, at_ms = self._waiting.popleft()
            self._state, actions = consent.step(self._state, event, at_ms)
            if actions:
                self._act(actions, self._state)
            else:
                self._settled = self._state

    def _act(self, actions: tuple[Action, ...], state: ConsentState) -> None:
        def job() -> None:
            fault = None
            try:
                for action in actions:
                    self._deck.perform(action, state)
            except ActionFailed as failure:
                fault = failure.fault
            self._inbox.put(ActionsDone(fault, self._clock_ms()))

        self._acting = True
        self._trials.leave()  # an action shows its own light
        self._hands(job)

    def _settle(self, fault: Fault | None, at_ms: int) -> None:
        self._acting = False
        self._settled = self._state
        self._next_check_ms = at_ms
        self._waiting.appendleft((self._preflight_event(), at_ms))  # a session has used up what was prepared
        if fault is not None:
            self._waiting.appendleft((FaultSeen(fault), at_ms))
        elif self._state.phase is Phase.ERASING:
            self._waiting.appendleft((Trigger.ERASED, at_ms))
        self._advance()

    def _end_patience(self, now_ms: int) -> None:
        """A finger that is down may still be about to confirm: it has the time that a short press may take."""
        extra_ms = LATEST_PRESS_MS if self._button.down or self._button.raw_down else button.DEBOUNCE_MS
        if not self._acting and consent.is_overdue(self._state, now_ms, extra_ms=extra_ms):
            self._decide(Trigger.PATIENCE_OVER, now_ms)

    def _watch(self, now_ms: int) -> None:
        patience_ms = self._block_timeout_ms + self._attention.grace_ms(now_ms)
        if self._acting or self._state.phase is not Phase.RECORDING:
            return
        fault = find_fault(self._deck, self._microphone, self._lamp, block_timeout_ms=patience_ms, now_ms=now_ms)
        if fault is not None:
            self._decide(FaultSeen(fault), now_ms)

    def _check_when_due(self, now_ms: int) -> None:
        every_ms = _CHECK_EVERY_MS.get(self._state.phase)
        if every_ms is None or self._acting or self._checking or now_ms < self._next_check_ms:
            return

        idle = self._state.phase in _IDLE

        def job() -> None:
            with contextlib.suppress(OSError):  # the preflight is what says that a storage refuses
                self._trials.keep()
            self._inbox.put(Checked(self._preflight.check(listens=idle), now_ms))

        self._checking = True
        self._next_check_ms = now_ms + every_ms
        self._hands(job)

    def _preflight_event(self) -> consent.Preflight:
        refusal = self._recipients.refusal
        return consent.Preflight(self._found if refusal is None else (*self._found, refusal))

    def _prepare(self, command: Prepare) -> None:
        try:
            recipient = recipient_from_hex(command.public_key)
        except RecipientUnusable:
            return  # the last one stands, and the status goes on naming it

        def job() -> None:
            with contextlib.suppress(OSError):  # a storage that cannot keep this much is not ready, and says so
                self._recipients.keep(recipient, Preparation(command.appointment_id, command.consent_on_file))

        self._hands(job)
        self._next_check_ms = self._clock_ms()

    def _quit(self) -> None:
        """Closes a session under way. What a hand did meanwhile does not begin another one."""
        self._quit_at_ms = self._clock_ms()
        self._waiting.clear()
        self._decide(Trigger.STOP_COMMAND, self._quit_at_ms)

    def _is_over(self) -> bool:
        if self._quit_at_ms is None:
            return False
        closed = not self._acting and not self._waiting
        return closed or self._clock_ms() - self._quit_at_ms > _EXIT_PATIENCE_MS
