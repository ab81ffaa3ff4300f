"""Names and words of a client that the transcriber is told to expect. Clinical data in clear."""

from app.vault.vault import Vault

MOST_CHARACTERS = 300  # a model has room for so much beside what was said


def vocabulary_of(vault: Vault, session_id: str) -> str:
    """The words that the session's client brings along, "" where it is nobody's, as one line.

    What does not fit is left out from the end, word by word.
    """
    client = vault.clients.client_of(session_id)
    return "" if client is None else one_line(client.details.vocabulary)


def one_line(vocabulary: str) -> str:
    """Pure."""
    words, line = (one.strip(" ,;") for one in vocabulary.replace("\n", ",").split(",")), ""
    for word in filter(None, words):
        longer = f"{line}, {word}" if line else word
        if len(longer) > MOST_CHARACTERS:
            break
        line = longer
    return line and f"{line}."
