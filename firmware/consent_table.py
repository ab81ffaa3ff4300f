"""When the box may listen, as a table. Pure; imports only the standard library and other pure parts.

`TABLE` is the whole behaviour; what it does not list changes nothing. RECORDING is entered by a short press, or out of
MICROPHONE_LOST, where the consent given by a press still stands. No command starts or resumes.

Withdrawing with the button takes a long hold, letting go, and a short press within CONFIRM_WITHIN_MS. From the long
hold on no sound is kept; without the confirming press nothing is erased, and the session is kept as stopped.
"""

from enum import Enum, StrEnum, auto
from types import MappingProxyType

from firmware.button import DEBOUNCE_MS, HOLD_MS
from firmware.light import Light


class Phase(StrEnum):
    NOT_READY = "not ready"
    READY = "ready"
    RECORDING = "recording"
    PAUSED = "paused"
    MICROPHONE_LOST = "microphone lost"  # while recording; the consent stands, and so does the tape
    MICROPHONE_LOST_SEEN = "microphone lost, seen"  # acknowledged: going on takes a fresh press
    BROKEN_OFF = "broken off"  # a fault has ended the session and waits to be acknowledged
    WITHDRAWAL_HELD = "withdrawal, held"  # long enough to withdraw, and the finger is still down
    WITHDRAWAL_ASKED = "withdrawal, asked"  # let go; the next press erases
    WITHDRAWAL_LAPSED = "withdrawal, lapsed"  # a press that comes just too late to erase is no consent
    ERASING = "erasing"  # until nothing is left, however often that takes


class Trigger(StrEnum):
    SHORT_PRESS = "short press"
    HOLD = "hold"
    LONG_HOLD = "long hold"
    LET_GO = "let go"  # after the long hold
    PAUSE_COMMAND = "pause command"
    STOP_COMMAND = "stop command"  # from the page, or because the recorder itself is being stopped
    WITHDRAW_COMMAND = "withdraw command"  # from the page, which has asked twice
    ERASE_LAST_COMMAND = "erase last command"  # from the page, as above
    PATIENCE_OVER = "patience over"  # see PATIENCE_MS
    ERASED = "erased"
    MICROPHONE_BACK = "microphone back"
    MICROPHONE_SILENT = "microphone silent"
    SESSION_BROKEN = "session broken"
    ERASING_FAILED = "erasing failed"


class Action(Enum):
    NEW_TAPE = auto()
    WRITE_GIVEN = auto()  # consent events are on the disk when these return
    WRITE_PAUSED = auto()
    WRITE_RESUMED = auto()
    SHOW_LIGHT = auto()  # the light of the state that is being entered
    READ_BACK_LIGHT = auto()  # the pins themselves say that red is lit
    OPEN_MICROPHONE = auto()
    CLOSE_MICROPHONE = auto()  # no sound comes in any more when this returns
    ABANDON_MICROPHONE = auto()  # the same for a microphone that is silent anyway and may never answer
    SEAL_REMAINDER = auto()  # everything that came in is on the tape when this returns
    WRITE_FAULT = auto()
    CLOSE_TAPE = auto()
    ERASE_LAST = auto()  # the last minutes cannot be opened any more when this returns
    ERASE_TAPE = auto()  # key first, then files; the receipt is on the disk when this returns


_LISTEN = (Action.SHOW_LIGHT, Action.READ_BACK_LIGHT, Action.OPEN_MICROPHONE)
_GIVEN = (Action.NEW_TAPE, Action.WRITE_GIVEN, *_LISTEN)
_RESUMED = (Action.WRITE_RESUMED, *_LISTEN)
_PAUSED = (Action.CLOSE_MICROPHONE, Action.SHOW_LIGHT, Action.SEAL_REMAINDER, Action.WRITE_PAUSED)
_STOPPED = (Action.CLOSE_MICROPHONE, Action.SHOW_LIGHT, Action.SEAL_REMAINDER, Action.CLOSE_TAPE)
_ENDED = (Action.SHOW_LIGHT, Action.CLOSE_TAPE)
_LOST = (Action.SHOW_LIGHT, Action.ABANDON_MICROPHONE, Action.SEAL_REMAINDER, Action.WRITE_FAULT)
_BROKEN = (*_LOST, Action.CLOSE_TAPE)
SHOWN = (Action.SHOW_LIGHT,)
# Withdrawing must not wait for a microphone that does not answer: what it still delivers is not taken any more.
_SILENCED = (Action.ABANDON_MICROPHONE, Action.SHOW_LIGHT, Action.SEAL_REMAINDER)
_ASKED = (*_SILENCED, Action.WRITE_PAUSED)
_END_ERASED = (Action.ERASE_LAST,)
_END_ERASED_LOST = (Action.WRITE_PAUSED, Action.ERASE_LAST)
_ASKED_LOST = (Action.SHOW_LIGHT, Action.WRITE_PAUSED)
_ERASED = (*_SILENCED, Action.ERASE_TAPE)
_CLOSED = (Action.WRITE_FAULT, Action.CLOSE_TAPE)

# IDLE stands for READY or NOT_READY, whichever the last preflight says.
IDLE = Phase.READY

_P, _T = Phase, Trigger
TABLE = MappingProxyType({
    # in this phase             on this trigger          go to                      and do, in this order
    (_P.READY,                  _T.SHORT_PRESS):        (_P.RECORDING,              _GIVEN),

    (_P.RECORDING,              _T.SHORT_PRESS):        (_P.PAUSED,                 _PAUSED),
    (_P.RECORDING,              _T.PAUSE_COMMAND):      (_P.PAUSED,                 _PAUSED),
    (_P.RECORDING,              _T.HOLD):               (IDLE,                      _STOPPED),
    (_P.RECORDING,              _T.STOP_COMMAND):       (IDLE,                      _STOPPED),
    (_P.RECORDING,              _T.MICROPHONE_SILENT):  (_P.MICROPHONE_LOST,        _LOST),
    (_P.RECORDING,              _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),

    (_P.PAUSED,                 _T.SHORT_PRESS):        (_P.RECORDING,              _RESUMED),
    (_P.PAUSED,                 _T.HOLD):               (IDLE,                      _ENDED),
    (_P.PAUSED,                 _T.STOP_COMMAND):       (IDLE,                      _ENDED),
    (_P.PAUSED,                 _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),

    (_P.MICROPHONE_LOST,        _T.MICROPHONE_BACK):    (_P.RECORDING,              _LISTEN),
    (_P.MICROPHONE_LOST,        _T.SHORT_PRESS):        (_P.MICROPHONE_LOST_SEEN,   (Action.WRITE_PAUSED,)),
    (_P.MICROPHONE_LOST,        _T.PAUSE_COMMAND):      (_P.MICROPHONE_LOST_SEEN,   (Action.WRITE_PAUSED,)),
    (_P.MICROPHONE_LOST,        _T.HOLD):               (IDLE,                      _ENDED),
    (_P.MICROPHONE_LOST,        _T.STOP_COMMAND):       (IDLE,                      _ENDED),
    (_P.MICROPHONE_LOST,        _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),

    (_P.MICROPHONE_LOST_SEEN,   _T.MICROPHONE_BACK):    (_P.PAUSED,                 SHOWN),
    (_P.MICROPHONE_LOST_SEEN,   _T.HOLD):               (IDLE,                      _ENDED),
    (_P.MICROPHONE_LOST_SEEN,   _T.STOP_COMMAND):       (IDLE,                      _ENDED),
    (_P.MICROPHONE_LOST_SEEN,   _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),

    (_P.BROKEN_OFF,             _T.SHORT_PRESS):        (IDLE,                      SHOWN),
    (_P.BROKEN_OFF,             _T.HOLD):               (IDLE,                      SHOWN),
    (_P.BROKEN_OFF,             _T.STOP_COMMAND):       (IDLE,                      SHOWN),

    (_P.RECORDING,              _T.LONG_HOLD):          (_P.WITHDRAWAL_HELD,        _ASKED),
    (_P.PAUSED,                 _T.LONG_HOLD):          (_P.WITHDRAWAL_HELD,        SHOWN),
    (_P.MICROPHONE_LOST,        _T.LONG_HOLD):          (_P.WITHDRAWAL_HELD,        _ASKED_LOST),
    (_P.MICROPHONE_LOST_SEEN,   _T.LONG_HOLD):          (_P.WITHDRAWAL_HELD,        SHOWN),
    (_P.BROKEN_OFF,             _T.LONG_HOLD):          (_P.WITHDRAWAL_HELD,        SHOWN),

    (_P.WITHDRAWAL_HELD,        _T.LET_GO):             (_P.WITHDRAWAL_ASKED,       SHOWN),
    (_P.WITHDRAWAL_HELD,        _T.PATIENCE_OVER):      (IDLE,                      _ENDED),
    (_P.WITHDRAWAL_HELD,        _T.STOP_COMMAND):       (IDLE,                      _ENDED),
    (_P.WITHDRAWAL_HELD,        _T.SESSION_BROKEN):     (_P.WITHDRAWAL_HELD,        _CLOSED),

    (_P.WITHDRAWAL_ASKED,       _T.SHORT_PRESS):        (_P.ERASING,                _ERASED),
    (_P.WITHDRAWAL_ASKED,       _T.HOLD):               (IDLE,                      _ENDED),
    (_P.WITHDRAWAL_ASKED,       _T.PATIENCE_OVER):      (_P.WITHDRAWAL_LAPSED,      _ENDED),
    (_P.WITHDRAWAL_ASKED,       _T.STOP_COMMAND):       (IDLE,                      _ENDED),
    (_P.WITHDRAWAL_ASKED,       _T.SESSION_BROKEN):     (_P.WITHDRAWAL_ASKED,       _CLOSED),

    (_P.WITHDRAWAL_LAPSED,      _T.PATIENCE_OVER):      (IDLE,                      SHOWN),
    (_P.WITHDRAWAL_LAPSED,      _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),

    (_P.RECORDING,              _T.WITHDRAW_COMMAND):   (_P.ERASING,                _ERASED),
    (_P.PAUSED,                 _T.WITHDRAW_COMMAND):   (_P.ERASING,                _ERASED),
    (_P.MICROPHONE_LOST,        _T.WITHDRAW_COMMAND):   (_P.ERASING,                _ERASED),
    (_P.MICROPHONE_LOST_SEEN,   _T.WITHDRAW_COMMAND):   (_P.ERASING,                _ERASED),
    (_P.WITHDRAWAL_HELD,        _T.WITHDRAW_COMMAND):   (_P.ERASING,                _ERASED),
    (_P.WITHDRAWAL_ASKED,       _T.WITHDRAW_COMMAND):   (_P.ERASING,                _ERASED),

    # Always off the record: whoever wants something erased is not to be recorded while saying so.
    (_P.RECORDING,              _T.ERASE_LAST_COMMAND): (_P.PAUSED,                 (*_PAUSED, *_END_ERASED)),
    (_P.PAUSED,                 _T.ERASE_LAST_COMMAND): (_P.PAUSED,                 _END_ERASED),
    (_P.MICROPHONE_LOST,        _T.ERASE_LAST_COMMAND): (_P.MICROPHONE_LOST_SEEN,   _END_ERASED_LOST),
    (_P.MICROPHONE_LOST_SEEN,   _T.ERASE_LAST_COMMAND): (_P.MICROPHONE_LOST_SEEN,   _END_ERASED),

    (_P.ERASING,                _T.ERASED):             (IDLE,                      SHOWN),
    (_P.ERASING,                _T.ERASING_FAILED):     (_P.ERASING,                ()),
    (_P.ERASING,                _T.PATIENCE_OVER):      (_P.ERASING,                (Action.ERASE_TAPE,)),

    # What comes to light only while a session is being closed still has to be seen.
    (_P.READY,                  _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),
    (_P.NOT_READY,              _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),
})  # fmt: skip

LIGHTS = MappingProxyType(
    {
        Phase.NOT_READY: Light("double_blink", green=False),
        Phase.READY: Light("off", green=True),
        Phase.RECORDING: Light("on", green=False),
        Phase.PAUSED: Light("slow_blink", green=True),
        Phase.MICROPHONE_LOST: Light("double_blink", green=False),
        Phase.MICROPHONE_LOST_SEEN: Light("double_blink", green=False),
        Phase.BROKEN_OFF: Light("double_blink", green=False),
        # As while erasing, but with green, as wherever a press is awaited: this one erases.
        Phase.WITHDRAWAL_HELD: Light("fast_blink", green=True),
        Phase.WITHDRAWAL_ASKED: Light("fast_blink", green=True),
        Phase.WITHDRAWAL_LAPSED: Light("off", green=False),
        Phase.ERASING: Light("fast_blink", green=False),
    }
)

CONFIRM_WITHIN_MS = 5_000
LATEST_PRESS_MS = HOLD_MS + DEBOUNCE_MS  # a press that began in time is known for a short one so much later
# How long a phase lasts by itself; PATIENCE_OVER is due then.
PATIENCE_MS = MappingProxyType(
    {
        Phase.WITHDRAWAL_HELD: 30_000,  # a button that is stuck or leant on withdraws nothing
        Phase.WITHDRAWAL_ASKED: CONFIRM_WITHIN_MS,
        Phase.WITHDRAWAL_LAPSED: 3_000,
        Phase.ERASING: 2_000,  # then it is tried again
    }
)

# What went wrong is remembered as long as one of these lasts.
FAULTY = frozenset(
    {
        Phase.MICROPHONE_LOST,
        Phase.MICROPHONE_LOST_SEEN,
        Phase.BROKEN_OFF,
        Phase.WITHDRAWAL_HELD,
        Phase.WITHDRAWAL_ASKED,
        Phase.ERASING,
    }
)
