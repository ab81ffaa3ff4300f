import numpy as np

from app.asr.transcriber import Utterance
from app.domain import Word
from app.speech.attribution import attribute, mixed_down, segments

RATE_HZ = 16_000


def voice(seconds: float, seed: int) -> np.ndarray:
    """Noise in the band of a voice, loud."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    tones = (np.sin(2 * np.pi * hz * t + rng.uniform(0, 6)) for hz in (300, 500, 900, 1700))
    return sum(tones) * 2000


def room(seconds: float) -> np.ndarray:
    return np.random.default_rng(9).normal(0, 30, int(seconds * RATE_HZ))


def two_chairs() -> bytes:
    """Chair 1 speaks for the first second, chair 2 for the third; each microphone hears the other 12 dB lower."""
    left = np.concatenate([voice(1, 1), room(1), voice(1, 2) * 0.25])
    right = np.concatenate([voice(1, 1) * 0.25, room(1), voice(1, 2)])
    return np.stack([left, right], axis=1).astype("<i2").tobytes()


def spoken(*words: tuple[int, int, str]) -> Utterance:
    heard = tuple(Word(start, end, text, 0.9) for start, end, text in words)
    return Utterance(heard[0].start_ms, heard[-1].end_ms, " ".join(w.text for w in heard), heard)


def test_attribute__an_utterance_over_a_change_of_speaker__is_split_at_the_word() -> None:
    utterance = spoken((0, 400, "How"), (450, 950, "so?"), (2050, 2500, "Well,"), (2550, 2950, "yes."))
    turns = list(attribute([utterance], two_chairs(), 2))
    assert [(speaker, turn.text) for speaker, turn in turns] == [("1", "How so?"), ("2", "Well, yes.")]
    assert (turns[1][1].start_ms, turns[1][1].end_ms) == (2050, 2950)


def test_attribute__a_short_word_timed_into_the_other_turn__stays_with_its_neighbours() -> None:
    utterance = spoken((0, 400, "I"), (2100, 2200, "did"), (500, 950, "that."))
    turns = list(attribute([utterance], two_chairs(), 2))
    assert [speaker for speaker, _ in turns] == ["1"]


def test_attribute__one_channel__names_nobody() -> None:
    mono = mixed_down(two_chairs(), 2)
    turns = list(attribute([spoken((0, 400, "Hello"))], mono, 1))
    assert [speaker for speaker, _ in turns] == [None]


def test_attribute__words_with_punctuation_and_no_spaces__keep_the_text_whole() -> None:
    heard = Utterance(0, 2950, "それは。はい", (Word(0, 900, "それは。", 0.9), Word(2100, 2900, "はい", 0.9)))
    turns = list(attribute([heard], two_chairs(), 2))
    assert "".join(turn.text for _, turn in turns) == "それは。はい"


def test_mixed_down__two_channels__is_their_mean() -> None:
    stereo = np.array([[100, 300], [-100, -300]], dtype="<i2").tobytes()
    assert np.frombuffer(mixed_down(stereo, 2), dtype="<i2").tolist() == [200, -200]


def test_segments__placed_on_the_tape__are_numbered_and_shifted() -> None:
    found = segments(iter([("1", spoken((0, 400, "Yes")))]), first_seq=7, offset_ms=60_000, model="Whisper base")
    assert (found[0].seq, found[0].start_ms, found[0].words[0].start_ms) == (7, 60_000, 60_000)
