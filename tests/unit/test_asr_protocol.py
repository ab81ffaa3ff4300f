import json

from app.asr.protocol import heard_from, heard_head, window_from, window_head
from app.asr.transcriber import Heard, Utterance, Window
from app.domain import Context, Word


def test_protocol__a_window__comes_through_whole() -> None:
    window = Window(b"\1\0" * 7, final=False, context=Context((5, 6), "de", 1.5), before_samples=3, after_samples=2)
    assert window_from(json.loads(json.dumps(window_head(window))), window.pcm) == window


def test_protocol__what_was_heard__comes_through_whole() -> None:
    words = (Word(0, 400, "So", 0.9), Word(400, 900, "far.", 0.4))
    utterances = (Utterance(0, 900, "So far.", words, "sampled"), Utterance(900, 1_000, "Yes.", (), "sampled"))
    heard = Heard(utterances, 16_000, Context((1,), "en", 2.0), "Whisper base", ((1_000, 2_500),))
    assert heard_from(json.loads(json.dumps(heard_head(heard)))) == heard
