from firmware.errors import FirmwareError


class TapeError(FirmwareError):
    """Anything a tape can refuse or fail at; the message is a sentence for people."""


class TapeFull(TapeError):
    """No space is left on the disk.

    The record was not sealed, all before it are. The caller stops the microphone, may still append a fault, a gap or a
    consent event (space for these was set aside) and closes the tape.
    """

    def __init__(self) -> None:
        super().__init__("The disk is full, so recording stopped. What was recorded is safe; free some space first.")


class TapeFailed(TapeError):
    """The disk refused to write or read. The record in question was not sealed, all acknowledged before it are."""


class TapeRefused(TapeError):
    """The tape is not what the recorder wrote: changed, cut, reordered or mixed with another one.

    The caller shows the sentence and uses nothing of the tape; what was already read from it had been verified.
    """


class TapeErased(TapeError):
    """The tape or its key is gone. The caller treats the session as erased, and may call `erase_tape` to finish."""

    def __init__(self) -> None:
        super().__init__("This recording has been erased.")


class TapeBusy(TapeError):
    """The end of the tape is being erased at this moment, or was while it was being read. The caller reads it again."""

    def __init__(self) -> None:
        super().__init__("A part of this recording is being erased. Try again in a moment.")


class NothingToErase(TapeError):
    """There is no sound that could be erased. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__("Nothing has been recorded that could be erased.")


class WrongKey(TapeError):
    """The tape was sealed to somebody else's public key. The caller tries the vault whose key id the head names."""

    def __init__(self) -> None:
        super().__init__("This recording was made for another therapist; only that person's vault can open it.")


class ConsentMissing(TapeError):
    """Sound or a gap outside a consent span, or a consent event that cannot come now. Nothing was written."""

    def __init__(self) -> None:
        super().__init__("There is no consent at this moment, so nothing was recorded; press the button to give it.")
