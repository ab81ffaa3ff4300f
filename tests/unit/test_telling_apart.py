import numpy as np

from app.asr.voiceprints import Voiceprints
from app.speech.telling_apart import Voices


def prints(who: list[int], seed: int = 1, spread: float = 0.4) -> np.ndarray:
    """One print a second, near the direction of its voice."""
    random = np.random.default_rng(seed)
    centres = random.normal(0, 1, (max(who) + 1, 192))
    made = centres[who] + random.normal(0, spread, (len(who), 192))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def voices_of(who: list[int], spread: float = 0.4) -> Voices:
    spans = tuple((n * 1000, n * 1000 + 1500) for n in range(len(who)))
    voices = Voices()
    voices.add(Voiceprints(((0, spans[-1][1]),), spans, prints(who, spread=spread)), 0)
    return voices


def heard_at(voices: Voices, second: float, count: int = 2) -> str:
    (speaker,) = [turn.speaker for turn in voices.turns(count) if turn.start_ms <= second * 1000 < turn.end_ms]
    return speaker


def test_turns__two_voices__are_named_in_the_order_in_which_they_are_heard() -> None:
    voices = voices_of([1] * 6 + [0] * 6 + [1] * 6)
    assert [heard_at(voices, second) for second in (3, 9, 15)] == ["1", "2", "1"]


def test_turns__a_rare_voice__is_not_lost_to_the_common_one() -> None:
    voices = voices_of([0] * 40 + [1] * 4 + [0] * 40)
    assert [heard_at(voices, second) for second in (20, 42, 60)] == ["1", "2", "1"]


def test_turns__one_odd_print__makes_no_speaker_of_its_own() -> None:
    voices = voices_of([0] * 30 + [2] + [0] * 30 + [1] * 30)
    assert [heard_at(voices, second) for second in (15, 75)] == ["1", "2"]


def test_turns__three_voices_asked_for__are_three() -> None:
    voices = voices_of([0] * 10 + [1] * 10 + [2] * 10)
    assert [heard_at(voices, second, 3) for second in (5, 15, 25)] == ["1", "2", "3"]


def test_count__as_many_as_spoke_for_a_while() -> None:
    assert voices_of([0] * 30).count() == 1
    assert voices_of([0] * 20 + [1] * 20).count() == 2
    assert voices_of([0] * 20 + [1] * 20 + [2] * 20).count() == 3


def test_is_one__one_person_talks__is_true_and_for_two_it_is_not() -> None:
    assert voices_of([0] * 30).is_one()
    assert not voices_of([0] * 20 + [1] * 20).is_one()


def test_turns__hours_of_prints__are_clustered_on_a_part_of_them() -> None:
    turns = voices_of(([0] * 7 + [1] * 5) * 300).turns()
    spoken = {
        second: [turn.speaker for turn in turns if turn.start_ms <= second * 1000 < turn.end_ms]
        for second in (3, 9, 3_591, 3_597)
    }
    assert spoken == {3: ["1"], 9: ["2"], 3_591: ["1"], 3_597: ["2"]}


def test_voices__shown_in_a_log__hide_their_prints() -> None:
    voices = voices_of([0, 1])
    assert "float32" not in repr(voices)


def test_turns__nobody_spoke__are_none() -> None:
    assert Voices().turns() == []
    assert Voices().count() == 0
