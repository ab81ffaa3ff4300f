from dataclasses import replace

import pytest

from app.domain import Listening, Word
from app.review import Line
from app.review.duties import open_places, was_heard
from app.review.places import Place, Reason, places_of, worth_hearing
from app.vault.listening_rows import joined


def line(text: str, seq: int = 0, *, speaker: str = "1", start_ms: int = 0, **doubtful: float) -> Line:
    """A line heard well but for the words named; a second a word."""
    spoken = text.split()
    words = tuple(
        Word(start_ms + 1000 * at, start_ms + 1000 * at + 900, one, doubtful.get(one.strip(".,?"), 0.97))
        for at, one in enumerate(spoken)
    )
    end_ms = start_ms + 1000 * len(spoken)
    return Line(seq, start_ms, end_ms, speaker, text, text, words, None, None, 0.9)


def only(*lines: Line) -> Place:
    (place,) = places_of(lines)
    return place


def test_places_of__clear_speech__is_empty() -> None:
    assert places_of([line("I slept well and went for a walk.")]) == ()


@pytest.mark.parametrize(
    ("word", "reason"),
    [("fifty", Reason.NUMBER), ("50", Reason.NUMBER), ("didn't", Reason.NEGATION), ("Thomas", Reason.NAME)],
)
def test_places_of__content_where_a_slip_is_a_large_mistake__is_held_to_a_stricter_measure(
    word: str, reason: Reason
) -> None:
    text = f"he told me {word} again"
    assert only(line(text, **{word: 0.6})).reasons == (reason,)
    assert places_of([line(text.replace(word, "quietly"), quietly=0.6)]) == ()
    assert places_of([line(text)]) == ()


def test_places_of__a_risk_word__is_there_however_sure_the_transcriber_was() -> None:
    place = only(line("I thought about suicide again.", suicide=0.99))
    assert place.reasons == (Reason.DANGER,)
    assert worth_hearing([place]) == (place,)


def test_places_of__a_run_of_doubtful_words__is_one_place_with_what_stands_around_it() -> None:
    place = only(line("so then my mother came in late again", mother=0.2, came=0.1))
    assert (place.text, place.before, place.after) == ("mother came", "so then my", "in late again")
    assert (place.start_ms, place.end_ms) == (3000, 4900)


def test_places_of__the_first_word_of_a_sentence__is_no_name() -> None:
    assert places_of([line("Yes. Maybe I will.", Yes=0.6, Maybe=0.6, I=0.6)]) == ()


def test_places_of__many__come_the_most_worth_first() -> None:
    lines = [
        line("a strange word", 0, strange=0.4),
        line("take forty milligrams", 1, start_ms=10_000, forty=0.2),
        line("I want to die", 2, start_ms=20_000, die=0.5),
    ]
    assert [place.seq for place in places_of(lines)] == [1, 2, 0]


def test_places_of__a_line_a_person_has_changed__has_none() -> None:
    changed = replace(line("a strange word", strange=0.1), edited_by="Ada", text="a strange bird")
    assert places_of([changed]) == ()


def test_places_of__speech_that_gave_no_words__is_worth_hearing() -> None:
    empty = replace(line("x"), text="", machine_text="", words=(), end_ms=3000)
    assert only(empty).reasons == (Reason.NOT_UNDERSTOOD,)
    assert worth_hearing(places_of([empty]))
    assert places_of([replace(empty, text="yes", edited_by="Ada")]) == ()


def test_places_of__two_voices_at_once__say_so_below_what_is_worth_hearing() -> None:
    place = only(line("let me finish", 0), line("but wait now", 1, speaker="2", start_ms=2000))
    assert (place.seq, place.reasons) == (1, (Reason.OVERLAP,))
    assert worth_hearing([place]) == ()


@pytest.mark.parametrize(
    ("spans", "heard"),
    [
        ([(0, 5000)], True),
        ([(900, 1900)], True),
        ([(1001, 2000)], False),
        ([(0, 1200), (1300, 3000)], False),
        ([], False),
    ],
)
def test_was_heard__only_from_beginning_to_end(spans: list[tuple[int, int]], heard: bool) -> None:  # noqa: FBT001
    place = only(line("a strange word", strange=0.1))
    assert was_heard(place, Listening(tuple(spans))) is heard


def test_open_places__found_right__are_done_with() -> None:
    places = places_of([line("a strange word", strange=0.1)])
    assert open_places(places, Listening()) == places
    assert open_places(places, Listening(accepted=frozenset({places[0].key}))) == ()


def test_joined__spans_that_touch_or_overlap__become_one() -> None:
    assert joined([(0, 10), (5, 8), (10, 20), (30, 40)]) == ((0, 20), (30, 40))


def test_place__printed__shows_no_speech() -> None:
    shown = repr(only(line("a strange word", strange=0.1)))
    assert "strange" not in shown
    assert "word" not in shown
