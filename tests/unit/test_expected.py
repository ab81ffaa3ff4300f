"""The client's own names and words on their way to the transcriber."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.vaults import SESSION, head, open_vault
from support.web_sessions import seal_tape

from app.asr.protocol import window_from, window_head
from app.asr.transcriber import Heard, Window
from app.ingest import Ingest
from app.records.people import ClientDetails
from app.speech.expected import MOST_CHARACTERS, one_line, vocabulary_of
from app.speech.hearing import hear_next


class Listener:
    """Keeps to the port `app.asr.transcriber.Transcriber` and hears nothing; remembers what it was told to expect."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def hear(self, window: Window) -> Heard:
        window = window_from(window_head(window), window.pcm)  # as it goes over the socket
        self.told.append(window.context.vocabulary)
        return Heard((), 30 * 16_000, window.context, "base")


@pytest.mark.parametrize(
    ("vocabulary", "line"),
    [
        ("", ""),
        ("Xanthe\nsertraline, Brühl ,\n\n", "Xanthe, sertraline, Brühl."),
        ("x" * MOST_CHARACTERS + "\nshort", "x" * MOST_CHARACTERS + "."),
        ("x" * (MOST_CHARACTERS + 1), ""),
    ],
    ids=["nothing", "lines and commas", "as much as fits", "more than fits"],
)
def test_one_line__of_a_vocabulary__is_short(vocabulary: str, line: str) -> None:
    assert one_line(vocabulary) == line


def test_hear_next__session_of_a_client__tells_its_words_and_keeps_to_them(tmp_path: Path) -> None:
    with open_vault(tmp_path) as vault:
        tapes_dir = tmp_path / "tapes"
        tapes_dir.mkdir()
        seal_tape(tapes_dir, vault.account.public_key, replace(head(), sample_rate_hz=16_000), 61_000, ())
        ingest, listener = Ingest(tapes_dir, vault), Listener()
        (tape,) = ingest.tapes()
        ingest.follow(tape)
        client = vault.clients.add(ClientDetails("A-17", vocabulary="Xanthe"))
        vault.clients.link(SESSION, client.client_id, "Ada")
        expected = lambda: vocabulary_of(vault, SESSION)  # noqa: E731
        hear_next(tape, vault.sessions, listener, expected)
        vault.clients.update(client.client_id, ClientDetails("A-17", vocabulary="Brühl"))
        hear_next(tape, vault.sessions, listener, expected)
        assert listener.told == ["Xanthe.", "Xanthe."]
        assert vault.sessions.cursor(SESSION).context.vocabulary == "Xanthe."
        assert "Xanthe" not in repr(vault.sessions.cursor(SESSION))
