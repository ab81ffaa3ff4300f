"""One span of a real tape, heard and stored in a real vault; the transcriber alone is a stand-in."""

from pathlib import Path

import numpy as np
from support.sound import noise
from support.vaults import RATE_HZ, SESSION, head, open_vault

from app.asr.transcriber import Heard, Utterance, Window
from app.domain import Context, Word
from app.ingest import OpenTape
from app.review import lines_of
from app.speech.hearing import hear_next
from app.vault.vault import Vault
from firmware.tape import ConsentEvent, Recipient, TapeReader, TapeWriter


class Mumbling:
    """Understands two sentences of three."""

    def hear(self, window: Window) -> Heard:
        samples = len(window.pcm) // 2 - window.before_samples - window.after_samples
        said = [Utterance(at, at + 400, "so", (Word(at, at + 400, "so", 0.9),)) for at in (0, 2_500)]
        return Heard(tuple(said), samples, Context(language="en"), "mumbling", ((1_000, 2_000),))


def tape_of(folder: Path, vault: Vault) -> OpenTape:
    """Three seconds from two microphones; the second is the nearer one while nothing is understood."""
    recipient = Recipient(vault.account.public_key)
    facts = {"sample_rate_hz": RATE_HZ, "channels": 2, "started_at_ms": 0, "segment_s": 300}
    writer = TapeWriter.create(folder, SESSION, recipient, clock_trusted=True, **facts)
    writer.append_consent(ConsentEvent.GIVEN)
    for seed, louder in enumerate((0, 1, 0)):
        sides = [np.frombuffer(noise(RATE_HZ, seed=2 * seed + side), "<i2") for side in (0, 1)]
        sides[1 - louder] = sides[1 - louder] // 8
        writer.append_audio(np.stack(sides, axis=1).astype("<i2").tobytes())
    writer.close()
    return OpenTape(
        folder / SESSION, TapeReader(folder / SESSION, vault.open_tape_key(writer.head)), being_written=False
    )


def test_hear_next__a_voice_without_words__stands_in_its_place_as_a_line_to_be_written(tmp_path: Path) -> None:
    with open_vault(tmp_path) as vault:
        vault.sessions.add(head())
        hear_next(tape_of(tmp_path, vault), vault.sessions, Mumbling())
        content = vault.sessions.content(SESSION)
        assert [(one.start_ms, one.end_ms, one.speaker, one.path) for one in content.segments] == [
            (0, 400, "1", "first"),
            (1_000, 2_000, "2", "not_understood"),
            (2_500, 2_900, "1", "first"),
        ]
        assert [line.not_understood for line in lines_of(content)] == [False, True, False]
        vault.sessions.add_edit(SESSION, 1, "and then", "Dr. Ada Example")
        written = lines_of(vault.sessions.content(SESSION))[1]
        assert (written.text, written.not_understood) == ("and then", False)
