import pytest

from app.web.box import Lamp, box_view
from firmware.light import Light
from firmware.status import BoxState, BoxStatus


def status(state: BoxState, *reasons: str, level_dbfs: float | None = None) -> BoxStatus:
    return BoxStatus(
        state=state,
        reasons=reasons,
        elapsed_ms=723_400,
        level_dbfs=level_dbfs,
        light=Light("off", green=False),
        microphone="test",
    )


@pytest.mark.parametrize("state", list(BoxState))
def test_box_view__every_state__has_words_and_only_recording_is_red(state: BoxState) -> None:
    view = box_view(status(state, "It is so."), controls=True)
    assert view.word
    assert (view.lamp is Lamp.RECORDING) == (state is BoxState.RECORDING)


@pytest.mark.parametrize("state", list(BoxState))
def test_box_view__any_state__offers_nothing_that_starts(state: BoxState) -> None:
    assert set(box_view(status(state), controls=True).controls) <= {"pause", "stop"}
    assert box_view(status(state), controls=False).controls == ()


def test_box_view__recorder_away__does_not_claim_that_nothing_is_recorded() -> None:
    view = box_view(None, controls=True)
    assert view.word == "The box does not answer"
    assert "look at its light" in view.detail
    assert view.controls == ()


def test_box_view__recorder_away_for_a_mistake_in_the_file__says_the_mistake() -> None:
    mistake = "tacet.toml, line 2: [box] name is wrong."
    assert box_view(None, controls=True, configuration_problem=mistake).detail == mistake
    ready = box_view(status(BoxState.READY, "It is so."), controls=True, configuration_problem=mistake)
    assert ready.detail == "It is so."


def test_box_view__not_ready__says_why() -> None:
    assert box_view(status(BoxState.NOT_READY, "No microphone."), controls=True).detail == "No microphone."


def test_box_view__a_second_later__only_the_pulse_differs() -> None:
    now = status(BoxState.RECORDING, level_dbfs=-30.0)
    later = now.model_copy(update={"elapsed_ms": 724_400, "level_dbfs": -12.0})
    one, other = box_view(now, controls=True), box_view(later, controls=True)
    assert (one.pulse.elapsed, other.pulse.elapsed) == ("12:03", "12:04")
    assert one.pulse != other.pulse
    assert one.still() == other.still()


@pytest.mark.parametrize(("level_dbfs", "bars"), [(-120.0, 0), (-60.0, 0), (-30.0, 5), (0.0, 10), (float("-inf"), 0)])
def test_box_view__level__lights_bars(level_dbfs: float, bars: int) -> None:
    assert box_view(status(BoxState.RECORDING, level_dbfs=level_dbfs), controls=True).pulse.level == bars
