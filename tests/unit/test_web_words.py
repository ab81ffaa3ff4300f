from dataclasses import replace

from app.domain import Word
from app.review import Cover, Line
from app.web.words import NOT_UNDERSTOOD, said, shown_words


def line(machine: str, text: str | None = None, probabilities: dict[str, float] | None = None) -> Line:
    words = tuple(
        Word(1000 * at, 1000 * at + 900, one, (probabilities or {}).get(one, 0.95))
        for at, one in enumerate(machine.split())
    )
    edited = text is not None
    return Line(
        seq=0,
        start_ms=0,
        end_ms=1000 * len(words),
        speaker="1",
        machine_text=machine,
        text=machine if text is None else text,
        words=words,
        edited_by="Ada" if edited else None,
        edited_at_ms=0 if edited else None,
        probability=0.9,
    )


def read(one: Line) -> str:
    return "".join(word.before + word.text for word in shown_words(one))


def starts(one: Line) -> dict[str, int]:
    return {word.text: word.start_ms for word in shown_words(one)}


def test_shown_words__untouched_line__reads_as_heard_with_its_times() -> None:
    one = line("Good morning, Martin.")
    assert read(one) == "Good morning, Martin."
    assert starts(one) == {"Good": 0, "morning,": 1000, "Martin.": 2000}


def test_shown_words__script_without_spaces__keeps_its_form() -> None:
    words = (Word(0, 100, "你好", 0.9), Word(100, 200, "吗", 0.9))
    joined = replace(line("ab"), machine_text="你好吗", text="你好吗", words=words)
    assert read(joined) == "你好吗"


def test_shown_words__lower_probability__more_doubt() -> None:
    one = line("sure little quite very", probabilities={"little": 0.4, "quite": 0.2, "very": 0.1})
    assert [word.doubt for word in shown_words(one)] == [0, 1, 2, 3]


def test_shown_words__doubtful_neighbours__are_one_place() -> None:
    one = line("a b c d", probabilities={"a": 0.4, "b": 0.4, "d": 0.4})
    assert [word.begins_place for word in shown_words(one)] == [True, False, False, True]


def test_shown_words__edited_line__words_that_stayed_keep_their_times() -> None:
    one = line("she called on sunday evening", "She called me on Monday evening.")
    assert read(one) == "She called me on Monday evening."
    times = starts(one)
    assert (times["She"], times["called"], times["on"], times["evening."]) == (0, 1000, 2000, 4000)
    assert times["Monday"] == 3000  # takes the time of the word it replaces
    assert times["me"] == 2000  # stands where the next heard word begins


def test_shown_words__edited_line__has_no_doubt_left() -> None:
    one = line("maybe this", "maybe that", probabilities={"maybe": 0.1})
    assert all(word.doubt == 0 for word in shown_words(one))


def test_shown_words__longer_edit__shares_the_time_of_what_it_replaces() -> None:
    one = line("one two three", "one and a half three")
    spans = [(word.start_ms, word.end_ms) for word in shown_words(one)]
    assert spans[1:4] == [(1000, 1300), (1300, 1600), (1600, 1900)]


def test_shown_words__struck_out__shows_none() -> None:
    assert shown_words(line("never mind", "")) == ()


def test_shown_words__a_voice_without_words__says_so_and_can_be_heard() -> None:
    (word,) = shown_words(replace(line(""), end_ms=2_000))
    assert (word.text, word.start_ms, word.end_ms) == (NOT_UNDERSTOOD, 0, 2_000)


def test_shown_words__repr__holds_no_speech() -> None:
    assert "Martin" not in repr(shown_words(line("Martin")))


def test_said__plain_words__is_text_with_times_beside_it() -> None:
    written = said(line("I said so"), frozenset(), Cover(()))
    assert str(written.markup) == "I said so"
    assert written.times == "0 1 0 900 1 4 1000 900 1 2 1000 900"


def test_said__doubtful_word__alone_is_an_element() -> None:
    written = said(line("I <said> so", probabilities={"<said>": 0.2}), {1000}, Cover(()))
    assert str(written.markup) == 'I <span class="doubt-2" data-place>&lt;said&gt;</span> so'
    assert written.times.split()[4:8] == ["1", "6", "1000", "900"]  # the text's characters, not the markup's


def test_said__characters_beyond_the_first_plane__are_counted_as_javascript_does() -> None:
    assert said(line("so \U0001f600 yes"), frozenset(), Cover(())).times.split()[4:6] == ["1", "2"]
