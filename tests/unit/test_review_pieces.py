from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.domain import Attribution, KeptLine, Segment, Told, Turn, VoiceChange, VoiceChangeKind, Word
from app.review.pieces import Piece, key_of, pieces_of, segments_under, standing_changes


def segment(seq: int, start_ms: int, text: str, speaker: str | None = None) -> Segment:
    """A word takes 400 ms and a breath of 100."""
    words = tuple(Word(start_ms + 500 * at, start_ms + 500 * at + 400, one, 0.9) for at, one in enumerate(text.split()))
    return Segment(seq, start_ms, words[-1].end_ms, speaker, text, 0.9, words, "base")


def told(*turns: tuple[int, int, str], whole: tuple[int, ...] = ()) -> Attribution:
    return Attribution(tuple(Turn(*turn) for turn in turns), Told.VOICES, whole=whole)


def change(kind: VoiceChangeKind, change_id: int, **detail: object) -> VoiceChange:
    return VoiceChange(kind, change_id=change_id, **detail)  # type: ignore[arg-type]


def read(pieces: tuple[Piece, ...]) -> list[tuple[str | None, str]]:
    return [(piece.speaker, piece.text) for piece in pieces]


SEGMENTS = (segment(0, 0, "How are you? Fine, thanks."), segment(1, 3_000, "And at home?"))
TURNS = told((0, 1_500, "1"), (1_500, 2_500, "2"), (3_000, 4_500, "1"))


def test_pieces__speaker_changes_within_a_segment__it_becomes_two_lines() -> None:
    pieces = pieces_of(SEGMENTS, TURNS, ())
    assert read(pieces) == [("1", "How are you?"), ("2", "Fine, thanks."), ("1", "And at home?")]
    assert [piece.key for piece in pieces] == [0, key_of((0, 3)), 1]
    assert [(piece.start_ms, piece.end_ms) for piece in pieces] == [(0, 1_400), (1_500, 2_400), (3_000, 4_400)]


def test_pieces__change_of_speaker_a_word_beside_the_end_of_a_sentence__is_moved_there() -> None:
    for slipped_ms in (1_000, 2_000):
        pieces = pieces_of(SEGMENTS, told((0, slipped_ms, "1"), (slipped_ms, 2_500, "2"), (3_000, 4_500, "1")), ())
        assert read(pieces)[:2] == [("1", "How are you?"), ("2", "Fine, thanks.")]


def test_pieces__back_channel_with_a_turn_of_its_own__keeps_its_speaker() -> None:
    spoken = (segment(0, 0, "and then he mm-hm just left"),)
    own = told((0, 1_500, "1"), (1_500, 1_900, "2"), (1_950, 3_000, "1"))
    assert read(pieces_of(spoken, own, ())) == [("1", "and then he"), ("2", "mm-hm"), ("1", "just left")]


def test_pieces__single_word_that_slipped_into_a_long_turn__stays_with_its_neighbours() -> None:
    words = (Word(0, 400, "I", 0.9), Word(2_100, 2_200, "did", 0.9), Word(500, 950, "that", 0.9))
    slipped = (Segment(0, 0, 950, None, "I did that", 0.9, words, "base"),)
    assert read(pieces_of(slipped, told((0, 1_000, "1"), (2_000, 9_000, "2")), ())) == [("1", "I did that")]


def test_pieces__both_speak_in_a_word__it_is_unsure() -> None:
    pieces = pieces_of((segment(0, 0, "no"),), told((0, 250, "1"), (250, 400, "2")), ())
    assert [piece.sure for piece in pieces] == [False]


def test_pieces__nothing_told__are_the_segments_as_they_came() -> None:
    spoken = (segment(0, 0, "one two", "2"), segment(1, 2_000, "three", None))
    assert read(pieces_of(spoken, None, ())) == [("2", "one two"), (None, "three")]


def test_pieces__segment_edited_before_the_voices_were_told__stays_in_one_piece() -> None:
    whole = told((0, 1_500, "1"), (1_500, 2_500, "2"), whole=(0,))
    assert read(pieces_of(SEGMENTS[:1], whole, ())) == [("1", "How are you? Fine, thanks.")]


def test_pieces__segment_without_words__goes_to_who_speaks_then() -> None:
    bare = (Segment(0, 1_600, 2_400, None, "Fine.", 0.9, (), "base"),)
    assert read(pieces_of(bare, TURNS, ())) == [("2", "Fine.")]


def test_assign__words_in_the_middle_of_a_line__make_three_lines() -> None:
    given = change(VoiceChangeKind.ASSIGN, 1, speaker="2", first=(1, 1), last=(1, 1))
    assert read(pieces_of(SEGMENTS, TURNS, [given]))[2:] == [("1", "And"), ("2", "at"), ("1", "home?")]


def test_assign__five_lines__takes_one_change() -> None:
    spoken = tuple(segment(seq, seq * 2_000, "a b c", "1") for seq in range(7))
    given = change(VoiceChangeKind.ASSIGN, 1, speaker="2", first=(1, 0), last=(5, 2))
    assert [piece.speaker for piece in pieces_of(spoken, None, [given])] == ["1", "2", "2", "2", "2", "2", "1"]


def test_voice_and_swap__change_every_line() -> None:
    renamed = change(VoiceChangeKind.VOICE, 1, speaker="3", other="1")
    swapped = change(VoiceChangeKind.SWAP, 2, speaker="2", other="3")
    assert [piece.speaker for piece in pieces_of(SEGMENTS, TURNS, [renamed, swapped])] == ["2", "3", "2"]


def test_machine_speaker__after_any_change__is_what_the_machine_said() -> None:
    swapped = change(VoiceChangeKind.SWAP, 1, speaker="1", other="2")
    assert [piece.machine_speaker for piece in pieces_of(SEGMENTS, TURNS, [swapped])] == ["1", "2", "1"]


def test_split_and_merge__undo_each_other() -> None:
    split = change(VoiceChangeKind.SPLIT, 1, first=(1, 1))
    assert read(pieces_of(SEGMENTS, TURNS, [split]))[2:] == [("1", "And"), ("1", "at home?")]
    merged = change(VoiceChangeKind.MERGE, 2, speaker="1", first=(1, 1), last=(1, 2))
    assert read(pieces_of(SEGMENTS, TURNS, [split, merged])) == read(pieces_of(SEGMENTS, TURNS, ()))


def test_merge__line_of_another_segment_and_speaker__goes_on_the_line_before() -> None:
    merged = change(VoiceChangeKind.MERGE, 1, speaker="2", first=(1, 0), last=(1, 2))
    pieces = pieces_of(SEGMENTS, TURNS, [merged])
    assert read(pieces) == [("1", "How are you?"), ("2", "Fine, thanks. And at home?")]
    assert (pieces[1].start_ms, pieces[1].end_ms) == (1_500, 4_400)


def test_standing__a_change_and_its_undo__neither_stands() -> None:
    swapped = change(VoiceChangeKind.SWAP, 1, speaker="1", other="2")
    undone = change(VoiceChangeKind.SWAP, 2, speaker="1", other="2", undoes=1)
    assert standing_changes([swapped, undone]) == []
    assert read(pieces_of(SEGMENTS, TURNS, [swapped, undone])) == read(pieces_of(SEGMENTS, TURNS, ()))


def test_kept_line__told_anew__stays_in_one_piece_and_one_persons() -> None:
    told_anew = replace(TURNS, kept=(KeptLine((0, 1), (0, 2), "3"),))
    pieces = pieces_of(SEGMENTS, told_anew, ())
    kept = next(piece for piece in pieces if piece.key == key_of((0, 1)))
    assert (kept.speaker, kept.places, kept.sure) == ("3", ((0, 1), (0, 2)), True)


PLACES = st.tuples(st.integers(0, 5), st.integers(0, 2))
SPEAKERS = st.sampled_from(["1", "2", "3"])
KINDS = st.sampled_from([kind for kind in VoiceChangeKind if kind is not VoiceChangeKind.ROLE])


@st.composite
def histories(draw: st.DrawFn) -> list[VoiceChange]:
    """Changes to six segments of three words, some taken back; not all of them are what a page would offer."""
    made: list[VoiceChange] = []
    for number in range(1, draw(st.integers(0, 7)) + 1):
        first, last = sorted((draw(PLACES), draw(PLACES)))
        one = change(
            draw(KINDS), number, speaker=draw(SPEAKERS), other=draw(SPEAKERS), first=max(first, (0, 1)), last=last
        )
        undone = draw(st.booleans()) and standing_changes(made)
        made.append(change(one.kind, number, undoes=undone[-1].change_id) if undone else one)
    return made


@given(histories())
def test_segments_under__any_changes__are_enough_to_read_each_line_as_in_the_whole(changes: list[VoiceChange]) -> None:
    spoken = tuple(segment(seq, seq * 2_000, "a b c", "12"[seq % 2]) for seq in range(6))
    for piece in pieces_of(spoken, None, changes):
        first, last = segments_under({piece.key}, changes)
        assert piece in pieces_of(spoken[first : last + 1], None, changes)


def test_segments_under__nothing_joined__is_the_lines_own_alone() -> None:
    split = change(VoiceChangeKind.SPLIT, 1, first=(4, 1))
    assert segments_under({key_of((4, 1))}, [split]) == (4, 4)
    assert segments_under({2, key_of((4, 1))}, [split]) == (2, 4)
