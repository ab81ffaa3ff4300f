class FirmwareError(Exception):
    """What went wrong on the recording side, as one plain sentence for people.

    The message says what happened and what to do next, and never holds speech, keys or anything said in the room.
    """
