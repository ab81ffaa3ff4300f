"""Segments as subtitles. Pure. Speech in clear."""

from collections.abc import Sequence

from app.domain import Segment


def srt(segments: Sequence[Segment]) -> str:
    """Source: SubRip as players read it; a number, the times with a comma, the text, an empty line."""
    return "\n".join(
        f"{number}\n{_clock(segment.start_ms, ',')} --> {_clock(segment.end_ms, ',')}\n{_said(segment)}\n"
        for number, segment in enumerate(segments, start=1)
    )


def vtt(segments: Sequence[Segment]) -> str:
    """Source: https://www.w3.org/TR/webvtt1/."""
    cues = (
        f"\n{_clock(segment.start_ms, '.')} --> {_clock(segment.end_ms, '.')}\n{_escaped(segment)}\n"
        for segment in segments
    )
    return "WEBVTT\n" + "".join(cues)


def _said(segment: Segment) -> str:
    return f"[{segment.speaker}] {segment.text}" if segment.speaker else segment.text


def _escaped(segment: Segment) -> str:
    text = segment.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<v {segment.speaker}>{text}" if segment.speaker else text


def _clock(ms: int, mark: str) -> str:
    seconds, thousandths = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{thousandths:03}"
