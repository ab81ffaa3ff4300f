from dataclasses import replace

from support.web_sessions import plain

from app.domain import Pause, SessionHead, SessionRow, SessionState
from app.review import Line
from app.vault.session_content import SessionContent
from app.web.opened import Opened
from app.web.timeline import timeline
from app.web.transcript import STRETCH_LINES, LineRow, QuietRow, doubts, rows, stretches


def lines(*spans: tuple[int, int]) -> tuple[Line, ...]:
    segment = plain("hello there")[0]
    return tuple(
        Line(seq, start, end, "1", segment.text, segment.text, segment.words, None, None, 0.9)
        for seq, (start, end) in enumerate(spans)
    )


def opened(spoken: tuple[Line, ...], *pauses_ms: int, state: SessionState = SessionState.DRAFTED) -> Opened:
    head = SessionHead("5e" * 16, 0, clock_trusted=True, sample_rate_hz=16000, channels=1)
    row = SessionRow(head, state, 160_000, 10, 160_000, None)
    pauses = tuple(Pause(at_ms) for at_ms in pauses_ms)
    return Opened(SessionContent(row, (), {}, pauses, None), row, spoken, pauses, ("Whisper base",), None, intact=True)


def shape(one: Opened, after_seq: int = -1) -> list[int | str]:
    return [row.seq if isinstance(row, LineRow) else row.sentence for row in rows(one, 0, after_seq)]


OFF = "Off the record. What was said here was not recorded."


def test_rows__long_gap__is_a_quiet_row() -> None:
    assert shape(opened(lines((0, 2000), (10_000, 12_000)))) == [0, "8 seconds without words", 1]


def test_rows__short_gap__is_part_of_talking() -> None:
    assert shape(opened(lines((0, 2000), (5000, 6000)))) == [0, 1]


def test_rows__pause__stands_between_its_lines() -> None:
    assert shape(opened(lines((0, 2000), (3000, 4000)), 2500)) == [0, OFF, 1]


def test_rows__pause_within_a_long_gap__parts_the_silence() -> None:
    assert shape(opened(lines((0, 1000), (20_000, 21_000)), 11_000)) == [
        0,
        "10 seconds without words",
        OFF,
        "9 seconds without words",
        1,
    ]


def test_rows__pause_after_the_last_line__shows_when_the_session_has_ended() -> None:
    spoken = lines((0, 2000))
    assert shape(opened(spoken, 2500)) == [0, OFF]
    assert shape(opened(spoken, 2500, state=SessionState.RECORDING)) == [0]


def test_rows__fetched_bit_by_bit__show_nothing_twice_and_miss_nothing() -> None:
    spoken = lines((0, 1000), (8000, 9000), (9500, 10_000), (30_000, 31_000))
    live = opened(spoken, 500, 9200, 20_000, state=SessionState.TRANSCRIBING)
    piecewise: list[int | str] = []
    for count in range(len(spoken)):
        piecewise += shape(replace(live, lines=spoken[: count + 1]), after_seq=count - 1)
    assert piecewise == shape(live)


def test_doubts__no_doubtful_word__says_that_it_can_still_be_wrong() -> None:
    assert "can still be wrong" in doubts(opened(lines((0, 1000)))).sentence


def test_quiet_row__names_its_place() -> None:
    assert QuietRow(61_000, "", off_the_record=False).at == "1:01"


def test_timeline__every_voice_has_its_lane_and_stays_within_the_drawing() -> None:
    one, other = lines((0, 5000), (5000, 10_000))
    drawn = timeline((one, replace(other, speaker="2")), (Pause(5000),), 10_000)
    assert [(lane.speaker, lane.drawn) for lane in drawn.lanes] == [("1", "M0.0 7h500.0"), ("2", "M500.0 17h500.0")]
    assert drawn.pauses == "M500.0 0v24"


def test_stretches__of_a_long_transcript__hold_every_row_once_and_a_pause_with_the_line_below_it() -> None:
    spoken = lines(*((at * 10_000, at * 10_000 + 2000) for at in range(2 * STRETCH_LINES + 1)))
    shown = tuple(rows(opened(spoken, 600_000), 0))
    cut = tuple(stretches(shown))
    assert tuple(row for stretch in cut for row in stretch) == shown
    assert [sum(isinstance(row, LineRow) for row in stretch) for stretch in cut] == [STRETCH_LINES, STRETCH_LINES, 1]
    assert all(isinstance(stretch[0], QuietRow) for stretch in cut[1:])


def test_stretches__nothing_said__are_none() -> None:
    assert tuple(stretches(())) == ()
