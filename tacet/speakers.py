"""Who speaks in a sound file, and its segments cut where the speaker changes. Speech in clear."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from app.asr.voiceprints import MOST_SAMPLES, VoicePrinter
from app.domain import Attribution, Segment
from app.review.pieces import pieces_of
from app.speech.speaking import Chunk, told_at_once
from models import ModelError, locate
from tacet.sound_file import blocks_of


def speakers_in(path: Path, channels: int, models_dir: Path, voices: int) -> Attribution:
    """Tell who speaks when; `voices` is how many people that are where it is told by voice."""
    return told_at_once(lambda: _chunks(path, channels), channels, _printer(models_dir), voices=voices)


def attributed(segments: Sequence[Segment], attribution: Attribution) -> tuple[Segment, ...]:
    """Cut the segments where the speaker changes; without turns they stay as they are."""
    by_seq = {segment.seq: segment for segment in segments}
    return tuple(
        Segment(
            seq=seq,
            start_ms=piece.start_ms,
            end_ms=piece.end_ms,
            speaker=piece.speaker,
            text=piece.text,
            probability=piece.probability,
            words=piece.words,
            model=by_seq[piece.first[0]].model,
            path=by_seq[piece.first[0]].path,
        )
        for seq, piece in enumerate(pieces_of(segments, attribution, ()))
    )


def _printer(models_dir: Path) -> VoicePrinter | None:
    try:
        folder = locate(models_dir, "campplus")
    except ModelError:
        return None
    from app.asr.campplus import CampPlusPrinter  # noqa: PLC0415  a second of imports, after the questions

    return CampPlusPrinter(folder)


def _chunks(path: Path, channels: int) -> Iterator[Chunk]:
    """The file in pieces of 30 s."""
    frame_bytes, kept, place = 2 * channels, bytearray(), 0
    for block in blocks_of(path, channels):
        kept += block
        while len(kept) >= MOST_SAMPLES * frame_bytes:
            yield Chunk(place, bytes(kept[: MOST_SAMPLES * frame_bytes]))
            del kept[: MOST_SAMPLES * frame_bytes]
            place += MOST_SAMPLES
    if kept:
        yield Chunk(place, bytes(kept))
