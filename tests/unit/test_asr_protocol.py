import json

import numpy as np

from app.asr.protocol import heard_from, heard_head, voiceprints_frame, voiceprints_from, window_from, window_head
from app.asr.transcriber import Heard, Utterance, Window
from app.asr.voiceprints import Voiceprints
from app.domain import Context, Word


def test_protocol__a_window__comes_through_whole() -> None:
    window = Window(b"\1\0" * 7, final=False, context=Context((5, 6), "de", 1.5), before_samples=3, after_samples=2)
    assert window_from(json.loads(json.dumps(window_head(window))), window.pcm) == window


def test_protocol__what_was_heard__comes_through_whole() -> None:
    words = (Word(0, 400, "So", 0.9), Word(400, 900, "far.", 0.4))
    utterances = (Utterance(0, 900, "So far.", words, "sampled"), Utterance(900, 1_000, "Yes.", (), "sampled"))
    heard = Heard(utterances, 16_000, Context((1,), "en", 2.0), "Whisper base", ((1_000, 2_500),))
    assert heard_from(json.loads(json.dumps(heard_head(heard)))) == heard


def test_protocol__voiceprints__come_through_whole() -> None:
    prints = np.random.default_rng(1).normal(0, 1, (2, 192)).astype(np.float32)
    heard = Voiceprints(((0, 2_000),), ((0, 1_500), (500, 2_000)), prints)
    head, body = voiceprints_frame(heard)
    told = voiceprints_from(json.loads(json.dumps(head)), body)
    assert (told.speech, told.spans) == (heard.speech, heard.spans)
    assert np.array_equal(told.prints, prints)


def test_protocol__no_voice__comes_through_as_none() -> None:
    head, body = voiceprints_frame(Voiceprints((), (), np.zeros((0, 192), np.float32)))
    assert voiceprints_from(head, body).spans == ()
