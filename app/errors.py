"""What every error that reaches a person has in common."""


class TacetError(Exception):
    """Its message is one plain sentence, or two: what happened, and what to do next.

    Pages and the command line show `str(error)` as it is and no traceback. A message never holds speech, a passphrase
    or a key.
    """
