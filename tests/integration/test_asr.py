import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.asr import AsrProcess
from support.demo_sound import MODELS_DIR, demo_pcm

from app.asr.client import SocketTranscriber
from app.asr.transcriber import SAMPLE_RATE_HZ, TranscriberAway, TranscriberFailed, Window
from app.domain import Context
from app.speech.attribution import mixed_down


@pytest.fixture(scope="module")
def asr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsrProcess]:
    process = AsrProcess(tmp_path_factory.mktemp("asr"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def transcriber(asr: AsrProcess) -> Iterator[SocketTranscriber]:
    with closing(SocketTranscriber(asr.socket_path)) as client:
        yield client


def window(start_s: float, end_s: float, *, final: bool = True) -> Window:
    return Window(mixed_down(demo_pcm(start_s, end_s), 2), final=final, context=Context(language="en"))


def test_asr__a_window_of_the_demo_session__gives_its_words_with_times_and_probabilities(
    transcriber: SocketTranscriber,
) -> None:
    heard = transcriber.hear(window(0, 20))
    text = " ".join(utterance.text for utterance in heard.utterances)
    assert "red light is on" in text
    words = [word for utterance in heard.utterances for word in utterance.words]
    assert all(0 <= word.start_ms <= word.end_ms <= 20_100 for word in words)
    assert [word.start_ms for word in words] == sorted(word.start_ms for word in words)
    assert all(0 < word.probability <= 1 for word in words)
    red = next(word for word in words if word.text == "red")
    assert 4_000 < red.start_ms < 6_500


def test_asr__a_name_to_expect__is_written_as_it_was_told(transcriber: SocketTranscriber) -> None:
    asked = window(0, 6)
    told = replace(asked, context=replace(asked.context, vocabulary="Martyn."))
    texts = [" ".join(one.text for one in transcriber.hear(each).utterances) for each in (asked, told)]
    assert ["Martin" in texts[0], "Martyn" in texts[1]] == [True, True]


def test_asr__the_same_window_twice__gives_the_same_words(transcriber: SocketTranscriber) -> None:
    assert transcriber.hear(window(30, 60)) == transcriber.hear(window(30, 60))


def test_asr__a_window_that_is_not_final__leaves_the_cut_sentence_for_the_next(transcriber: SocketTranscriber) -> None:
    cut = window(0, 30, final=False)
    heard = transcriber.hear(cut)
    assert 0 < heard.advance_samples <= 30 * SAMPLE_RATE_HZ
    assert heard.utterances[-1].end_ms <= heard.advance_samples * 1000 // SAMPLE_RATE_HZ + 500


@pytest.mark.parametrize("level", [0, 40], ids=["digital silence", "room noise"])
def test_asr__nobody_speaks__gives_no_words_and_goes_on(transcriber: SocketTranscriber, level: int) -> None:
    noise = np.random.default_rng(3).normal(0, level, 30 * SAMPLE_RATE_HZ).astype("<i2").tobytes()
    heard = transcriber.hear(Window(noise, final=False))
    assert heard.utterances == ()
    assert heard.advance_samples == 29 * SAMPLE_RATE_HZ  # a voice may begin in the last second


def test_asr__a_single_sample__is_passed_over(transcriber: SocketTranscriber) -> None:
    assert transcriber.hear(Window(b"\0\0", final=True)).advance_samples == 1


def test_asr__a_client_that_speaks_nonsense__does_not_stop_the_next(
    asr: AsrProcess, transcriber: SocketTranscriber
) -> None:
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(asr.socket_path))
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert transcriber.hear(window(0, 5)).advance_samples > 0


def test_asr__not_running__is_away(tmp_path: Path) -> None:
    with closing(SocketTranscriber(tmp_path / "asr.sock")) as transcriber, pytest.raises(TranscriberAway):
        transcriber.hear(window(0, 1))


def test_asr__a_wrong_byte_in_the_model__says_so_and_takes_up_a_repaired_one(tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(MODELS_DIR / "base", models / "base")
    vocabulary = models / "base/vocabulary.txt"
    right = vocabulary.read_bytes()
    vocabulary.write_bytes(b"X" + right[1:])
    process = AsrProcess(tmp_path, models)
    process.start()
    try:
        with closing(SocketTranscriber(process.socket_path)) as transcriber:
            with pytest.raises(TranscriberFailed, match=r"base.*models fetch"):
                transcriber.hear(window(0, 5))
            vocabulary.write_bytes(right)
            assert transcriber.hear(window(0, 5)).utterances
    finally:
        process.stop()


def test_asr__after_hearing__has_said_nothing_of_what_it_heard(tmp_path: Path) -> None:
    process = AsrProcess(tmp_path)
    process.start()
    with closing(SocketTranscriber(process.socket_path)) as transcriber:
        assert transcriber.hear(window(0, 20)).utterances
    said = process.stop()
    assert b"model loaded" in said
    assert b"red light" not in said
