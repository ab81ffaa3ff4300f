"""`tacet transcribe`: a sound file written down by the box's own ears. Speech in clear, on standard output only."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app.asr.transcriber import Transcriber
from app.domain import Attribution, Segment, Told
from app.errors import TacetError
from app.speech.listening import Heard, listen
from app.speech.overlaps import within
from models import locate
from tacet.sound_file import blocks_of, channels_of, seconds_of
from tacet.speakers import attributed, speakers_in
from tacet.subtitles import srt, vtt

PAUSE_MS = 2_000  # a silence from this length on is told as one


@dataclass(frozen=True, slots=True)
class Transcript:
    duration_ms: int
    model: str
    language: str | None
    segments: tuple[Segment, ...]
    not_understood: tuple[tuple[int, int], ...]  # start and end in ms
    told: Told = Told.NOBODY  # how it was told who speaks
    overlaps: tuple[tuple[int, int], ...] = ()  # where two speak at once, start and end in ms

    @property
    def pauses(self) -> list[tuple[int, int]]:
        """Start and end in ms of every long silence, also before the first word and after the last."""
        words = [(word.start_ms, word.end_ms) for segment in self.segments for word in segment.words]
        sounds = sorted([(0, 0), *words, *self.not_understood, (self.duration_ms, self.duration_ms)])
        pauses, until_ms = [], 0
        for (_, end_ms), (start_ms, _) in pairwise(sounds):
            until_ms = max(until_ms, end_ms)
            if start_ms - until_ms >= PAUSE_MS:
                pauses.append((until_ms, start_ms))
        return pauses


def run_transcribe(args: argparse.Namespace) -> int:
    """Print what args.file says, in the asked shape; progress goes to standard error where that is a screen."""
    if not args.file.is_file():
        raise TacetError(f"There is no file {args.file}. Name a sound file.")
    channels = args.channels or min(2, channels_of(args.file))
    if not 0 <= args.threads <= 64:  # noqa: PLR2004  the setting's own limit
        raise TacetError(f"--threads {args.threads} is not possible: name a number from 0 (one a core) to 64.")
    if not 1 <= args.speakers <= 6:  # noqa: PLR2004  as on the page
        raise TacetError(f"--speakers {args.speakers} is not possible: name a number from 1 to 6.")
    transcript = transcribe(args.file, channels, _load(args))
    attribution = speakers_in(args.file, channels, args.models_dir, args.speakers)
    if attribution.told is Told.NO_MODEL:
        print("Nobody is told apart: run `tacet models fetch campplus` first.", file=sys.stderr)
    print(_shaped(with_speakers(transcript, attribution), args))
    return 0


def with_speakers(transcript: Transcript, attribution: Attribution) -> Transcript:
    """Cut the segments where the speaker changes."""
    segments = attributed(transcript.segments, attribution)
    return replace(transcript, segments=segments, told=attribution.told, overlaps=attribution.overlaps)


def transcribe(path: Path, channels: int, transcriber: Transcriber) -> Transcript:
    """Hear a file from start to end."""
    heard = list(
        _with_progress(listen(blocks_of(path, channels), channels, transcriber, transcriber.at_once), seconds_of(path))
    )
    return Transcript(
        duration_ms=heard[-1].until_ms if heard else 0,
        model=next((segment.model for part in heard for segment in part.segments), ""),
        language=heard[-1].language if heard else None,
        segments=tuple(segment for part in heard for segment in part.segments),
        not_understood=tuple(span for part in heard for span in part.not_understood),
    )


def _load(args: argparse.Namespace) -> Transcriber:
    folder = locate(args.models_dir, args.model)
    from app.asr.whisper import WhisperTranscriber  # noqa: PLC0415  a second of imports, after the questions

    return WhisperTranscriber(folder, args.model, args.threads, args.device)


def _with_progress(heard: Iterator[Heard], seconds: float | None) -> Iterator[Heard]:
    with tqdm(total=seconds and round(seconds), unit="s", disable=not sys.stderr.isatty()) as bar:
        for part in heard:
            bar.update(part.until_ms // 1000 - bar.n)
            yield part


def _shaped(transcript: Transcript, args: argparse.Namespace) -> str:
    if args.json:
        return json.dumps(as_json(transcript), ensure_ascii=False)
    if args.srt:
        return srt(transcript.segments)
    if args.vtt:
        return vtt(transcript.segments)
    return "\n".join(segment.text for segment in transcript.segments)


def as_json(transcript: Transcript) -> dict[str, Any]:
    return {
        "duration_s": transcript.duration_ms / 1000,
        "model": transcript.model,
        "language": transcript.language,
        "segments": [_segment(segment, transcript.overlaps) for segment in transcript.segments],
        "pauses": _spans(transcript.pauses),
        "not_understood": _spans(transcript.not_understood),
        "speakers_told_by": transcript.told.value,
        "overlaps": _spans(transcript.overlaps),
    }


def _segment(segment: Segment, overlaps: Sequence[tuple[int, int]]) -> dict[str, Any]:
    names = ("start_ms", "end_ms", "speaker", "text", "probability", "path")
    words = [
        {
            "start_ms": word.start_ms,
            "end_ms": word.end_ms,
            "word": word.text,
            "probability": word.probability,
            "speaker": segment.speaker,
            "overlap": within(word.start_ms, word.end_ms, overlaps),
        }
        for word in segment.words
    ]
    return {name: getattr(segment, name) for name in names} | {"words": words}


def _spans(spans: Sequence[tuple[int, int]]) -> list[dict[str, int]]:
    return [{"start_ms": start_ms, "end_ms": end_ms} for start_ms, end_ms in spans]
