"""What a device measures of itself: the real model, a real disk, a real recorder with a simulated panel."""

import subprocess
import sys
import tempfile
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.demo_sound import DEMO_SESSION, MODELS_DIR
from support.recorder_process import RecorderProcess
from support.waiting import wait_until
from support.web_box import FakeRecorder
from support.web_client import web_client

from app.finding import Finding, Verdict
from app.selftest_state import SelfTestResult, keep_selftest, read_selftest
from firmware.status import BoxState, Stop
from tacet.__main__ import main
from tacet.selftest.at_rest import RecorderSide, SessionBegan
from tacet.selftest.board import check_model, check_temperature
from tacet.selftest.clip import CLIP_S, cut
from tacet.selftest.command import is_due
from tacet.selftest.speech import Speed, affords, judge_speech, measure_speech
from tacet.selftest.storage import MEGABYTES, judge_storage, measure_storage
from tacet.settings import load_settings, write_settings

LONG_S = 240.0
PASSPHRASE = "seven loud orange kettles"


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tp-") as made:  # short, for sockets
        yield Path(made)


@pytest.fixture
def config(folder: Path) -> Path:
    for name in ("data", "run"):
        (folder / name).mkdir()
    path = folder / "tacet.toml"
    places = {"data_dir": folder / "data", "run_dir": folder / "run", "models_dir": MODELS_DIR}
    write_settings(path, places | {"asr": {"model": "tiny.en"} if (MODELS_DIR / "tiny.en").is_dir() else {}})
    return path


@pytest.fixture
def recorder(folder: Path, config: Path) -> Iterator[RecorderProcess]:
    del config  # makes the folders
    with RecorderProcess(folder, microphone="file", audio_file=DEMO_SESSION) as running:
        yield running


def five_seconds(path: Path) -> Path:
    cut(DEMO_SESSION, path)
    with wave.open(str(path)) as clip:
        parameters, frames = clip.getparams(), clip.readframes(5 * clip.getframerate())
    with wave.open(str(path), "wb") as clip:
        clip.setparams(parameters)
        clip.writeframes(frames)
    return path


def test_selftest__a_whole_box_and_a_person_beside_it__finds_everything_well(
    config: Path, folder: Path, recorder: RecorderProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["selftest", "--config", str(config), "--speech", str(five_seconds(folder / "speech.wav"))]
    person = threading.Thread(target=lambda: (wait_until(lambda: recorder.status.parts.trying, 60), recorder.press()))
    person.start()
    try:
        assert main(arguments) == 0
    finally:
        person.join()
    said = capsys.readouterr().out
    kept = read_selftest(folder / "data")
    assert kept is not None
    verdicts = {found.check: found.verdict for found in kept.findings}
    works = {"disk speed", "model", "button", "light", "microphone"}
    assert {check for check, verdict in verdicts.items() if verdict is Verdict.FINE} >= works, said
    assert verdicts["speech speed"] in {Verdict.FINE, Verdict.ATTENTION}  # a busy machine may be slow
    assert "times as fast as people speak" in said
    assert list((folder / "data" / "selftest").iterdir()) == [folder / "data" / "selftest" / "result.json"]
    assert recorder.status.state is BoxState.NOT_READY  # the press was the trial's
    assert not is_due(load_settings(config))


def test_selftest__a_version_that_was_tested__does_nothing_where_it_is_not_due(
    config: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = load_settings(config).asr.model
    keep_selftest(folder / "data", SelfTestResult(version="a checkout", model=model, at_ms=1, findings=()))
    assert main(["selftest", "--config", str(config), "--if-due"]) == 0
    assert "before" in capsys.readouterr().out
    keep_selftest(folder / "data", SelfTestResult(version="0.0.1", model=model, at_ms=1, findings=()))
    assert is_due(load_settings(config))


def test_speech__a_session_begins__is_ended_at_once() -> None:
    forever = [sys.executable, "-c", "import time; time.sleep(10_000)"]
    looks = iter([None, None, SessionBegan()])

    def make_way() -> None:
        if error := next(looks):
            raise error

    with pytest.raises(SessionBegan):
        measure_speech(forever, "base", make_way, LONG_S)


def test_speech__a_device_that_never_gets_done__is_told_after_its_time() -> None:
    forever = [sys.executable, "-c", "import time; time.sleep(10_000)"]
    found = measure_speech(forever, "base", lambda: None, 1.0)
    assert found.verdict is Verdict.BROKEN
    assert "not heard within" in found.sentence


def test_speech__a_model_that_cannot_be_run__says_where_to_look() -> None:
    found = measure_speech([sys.executable, "-c", "raise SystemExit(1)"], "base", lambda: None, LONG_S)
    assert (found.verdict, found.sentence) == (Verdict.BROKEN, "The speech model could not be run.")


@pytest.mark.parametrize(
    ("took_s", "words", "verdict"),
    [(10.0, 60, Verdict.FINE), (25.0, 60, Verdict.ATTENTION), (10.0, 0, Verdict.BROKEN)],
)
def test_judge_speech__how_long_half_a_minute_took__decides(took_s: float, words: int, verdict: Verdict) -> None:
    assert judge_speech(Speed(30.0, took_s, words), "base").verdict is verdict


def test_affords__a_device_four_times_as_fast_with_base__keeps_up_with_tiny_and_not_with_large() -> None:
    assert affords(4.0, "base") == (
        "By reckoning, tiny.en would keep up too; small, small.en, large-v3-turbo would not."
    )
    assert "small would not" not in affords(10.0, "base")
    assert affords(4.0, "one of the clinic's own") == ""


def test_storage__a_session_begins__leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    written = list[int]()

    def make_way() -> None:
        written.append(1)
        if len(written) == 5:
            raise SessionBegan

    with pytest.raises(SessionBegan):
        measure_storage(tmp_path, make_way)
    assert list(tmp_path.iterdir()) == []


def test_judge_storage__slow_or_halting__asks_for_another_card() -> None:
    assert judge_storage([0.01] * MEGABYTES).verdict is Verdict.FINE
    assert judge_storage([0.9] * MEGABYTES).verdict is Verdict.ATTENTION
    assert judge_storage([0.01] * 47 + [3.0]).verdict is Verdict.ATTENTION


def test_model__a_byte_changed__is_broken(tmp_path: Path) -> None:
    (tmp_path / "tiny.en").mkdir()
    (tmp_path / "tiny.en" / "model.bin").write_bytes(b"not it")
    found = check_model(tmp_path, "tiny.en")
    assert found.verdict is Verdict.BROKEN
    assert "model.bin" in found.sentence


def test_temperature__a_board_with_a_sensor__says_how_warm(tmp_path: Path) -> None:
    assert check_temperature(80, tmp_path).verdict is Verdict.NOT_TRIED
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "temp").write_text("61200\n")
    assert check_temperature(80, tmp_path).sentence.startswith("61 °C")
    (zone / "temp").write_text("85000\n")
    assert check_temperature(80, tmp_path).verdict is Verdict.ATTENTION


def test_recorder_side__a_session__is_waited_for_and_then_at_rest(folder: Path, recorder: RecorderProcess) -> None:
    side = RecorderSide(folder / "run" / "recorder.sock")
    recorder.prepare()
    recorder.press()
    wait_until(lambda: recorder.status.state is BoxState.RECORDING, 60)
    with pytest.raises(SessionBegan):
        side.make_way()
    pauses = list[float]()

    def stop_it(seconds: float) -> None:
        pauses.append(seconds)
        side.send(Stop())
        wait_until(lambda: recorder.status.state is BoxState.READY, 60)

    side.wait_for_rest(stop_it)
    assert len(pauses) == 1
    assert RecorderSide(folder / "nobody.sock").is_at_rest()


def test_clip__of_the_demo_session__is_half_a_minute_of_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tacet.selftest.clip", str(DEMO_SESSION), str(tmp_path / "clip.wav")]
    subprocess.run(command, check=True, timeout=LONG_S)
    with wave.open(str(tmp_path / "clip.wav")) as clip, wave.open(str(DEMO_SESSION)) as whole:
        assert clip.getnframes() == CLIP_S * clip.getframerate()
        assert clip.readframes(1000) == whole.readframes(1000)


def test_it_page__what_was_measured_and_not_tried__is_shown_and_can_be_asked_for(tmp_path: Path) -> None:
    with web_client(tmp_path) as client:
        client.new_person()
        desk = client.app.state.desk
        client.join_as_it()
        assert "has not measured" in client.http.get("/it").text
        slow = Finding("disk speed", Verdict.ATTENTION, "It takes 1 MB a second.", "Use an SSD.")
        then = Finding("button", Verdict.BROKEN, "As it was then.")
        result = SelfTestResult(version="0.1.7", model="base", at_ms=1_795_000_000_000, findings=(slow, then))
        keep_selftest(desk.settings.data_dir, result)
        page = client.http.get("/it").text
        assert "Nobody has pressed it yet." in page
        assert "It takes 1 MB a second. Use an SSD." in page
        assert "As it was then." not in page
        assert client.http.post("/it/selftest/try").status_code == 303
        assert "Green and red flash twice in turn now" in client.http.get("/it/selftest").text
        assert isinstance(desk.recorder, FakeRecorder)
        assert desk.recorder.asked == ["try_light"]
        desk.recorder.show(BoxState.RECORDING)
        assert "Try button and lights" not in client.http.get("/it/selftest").text
