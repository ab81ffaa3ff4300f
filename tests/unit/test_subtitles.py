from app.domain import Segment
from tacet.subtitles import srt, vtt


def segment(start_ms: int, end_ms: int, text: str, speaker: str | None = None) -> Segment:
    return Segment(0, start_ms, end_ms, speaker, text, 0.9, (), "Whisper base")


def test_srt__two_segments__are_numbered_with_times_and_speaker() -> None:
    told = srt([segment(0, 1_500, "So."), segment(3_725_250, 3_726_000, "Yes.", "2")])
    assert told == ("1\n00:00:00,000 --> 00:00:01,500\nSo.\n\n2\n01:02:05,250 --> 01:02:06,000\n[2] Yes.\n")


def test_vtt__a_segment_with_marks_of_its_own__is_escaped() -> None:
    assert vtt([segment(0, 900, "a < b & c", "1")]) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:00.900\n<v 1>a &lt; b &amp; c\n"
    )


def test_vtt__nothing_said__is_a_valid_file() -> None:
    assert vtt([]) == "WEBVTT\n"
