import pytest

from firmware.status import BoxState, BoxStatus, Light
from tacet.simulator.words import LEVEL_BARS, Sign, tell

DARK = Light("off", green=False)


def status(state: BoxState, **known: object) -> BoxStatus:
    return BoxStatus.model_validate({"state": state, "light": DARK, "microphone": "a file", **known})


@pytest.mark.parametrize("state", BoxState)
def test_tell__red_sign__only_while_recording(state: BoxState) -> None:
    assert (tell(status(state)).sign is Sign.RECORDING) == (state is BoxState.RECORDING)


@pytest.mark.parametrize("state", BoxState)
def test_tell__a_session_that_can_be_stopped__says_how_and_how_long_it_is(state: BoxState) -> None:
    told = tell(status(state, elapsed_ms=83_000))
    in_session = state in {BoxState.RECORDING, BoxState.PAUSED, BoxState.FAULT}
    assert told.hold_stops == in_session
    assert ("Hold it for 2 seconds to stop, for 6 to withdraw." in told.lines) == in_session
    assert told.elapsed == ("1:23" if in_session else None)


def test_tell__ready__asks_for_consent() -> None:
    told = tell(status(BoxState.READY))
    assert told.word == "Ready"
    assert told.lines == ("Press the button to give consent and record.",)


@pytest.mark.parametrize("state", [BoxState.NOT_READY, BoxState.FAULT])
def test_tell__something_is_wrong__gives_the_recorders_own_reasons_first(state: BoxState) -> None:
    reasons = ("No microphone is connected.", "The disk is full.")
    assert tell(status(state, reasons=reasons)).lines[:2] == reasons


def test_tell__recorder_away__says_that_it_comes_back() -> None:
    told = tell(None)
    assert told.sign is Sign.AWAY
    assert "comes back by itself" in " ".join(told.lines)
    assert not told.hold_stops


@pytest.mark.parametrize(
    ("level_dbfs", "bars"),
    [(-90.0, 0), (-60.0, 0), (-30.0, 5), (-3.0, 10), (0.0, LEVEL_BARS), (6.0, LEVEL_BARS), (None, None)],
)
def test_tell__level__in_bars_of_6_db(level_dbfs: float | None, bars: int | None) -> None:
    assert tell(status(BoxState.RECORDING, level_dbfs=level_dbfs)).level == bars


def test_tell__off_the_record__shows_no_level() -> None:
    assert tell(status(BoxState.PAUSED, level_dbfs=-20.0)).level is None


def test_tell__the_room_has_played_to_its_end__is_told() -> None:
    assert tell(status(BoxState.RECORDING, microphone_ended=True)).room_is_over
