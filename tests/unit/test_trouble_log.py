"""What the recorder writes: trouble, and its end; nothing of any session."""

import pytest

from firmware.light import Light
from firmware.own_log import TroubleLog
from firmware.status import BoxState, BoxStatus
from firmware.telling import LAPSED_SENTENCE


def status(state: BoxState, *reasons: str) -> BoxStatus:
    return BoxStatus(
        state=state, reasons=reasons, light=Light("off", green=False), microphone="test", session_id="5" * 32
    )


@pytest.fixture(autouse=True)
def read_by_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACET_LOG_LEVELS", "1")


def test_recorders_log__a_session_without_trouble__writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    log = TroubleLog()
    for state in (BoxState.READY, BoxState.RECORDING, BoxState.PAUSED, BoxState.CONFIRMING, BoxState.READY):
        log.saw(status(state))
    log.saw(status(BoxState.NOT_READY, LAPSED_SENTENCE))
    assert capsys.readouterr().err == ""


def test_recorders_log__trouble__is_written_once_and_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    log = TroubleLog()
    for degrees in (81, 82, 83):
        log.saw(status(BoxState.NOT_READY, f"The box is too hot ({degrees} °C)."))
    log.saw(status(BoxState.FAULT, "The microphone went silent."))
    log.saw(status(BoxState.READY))
    assert capsys.readouterr().err.splitlines() == [
        "<4>recorder: not ready: The box is too hot (81 °C).",
        "<3>recorder: recording interrupted: The microphone went silent.",
        "<6>recorder: in order again",
    ]
