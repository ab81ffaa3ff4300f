"""Of the words shown as doubtful, how many are wrong; of the wrong words, how many are shown. For several thresholds.

A word is wrong where the alignment with the reference (Whisper's normaliser) substitutes or inserts it. Words that were
dropped cannot be shown, and count nowhere here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
from whisper_normalizer.english import EnglishTextNormalizer

from app.domain import Word
from app.speech.listening import listen
from app.web.words import DOUBT_STEPS
from tacet.__main__ import default_models_dir
from tacet.sound_file import blocks_of

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_NORMAL = EnglishTextNormalizer()


@dataclass(frozen=True)
class Judged:
    """A word of the hypothesis."""

    probability: float
    wrong: bool


@dataclass(frozen=True)
class Calibration:
    """What it means to show words under a threshold."""

    threshold: float
    shown: int
    shown_wrong: int
    wrong: int
    words: int

    def __str__(self) -> str:
        shares = (self.shown / self.words, self.shown_wrong / max(1, self.shown), self.shown_wrong / max(1, self.wrong))
        shown, precise, found = (100 * share for share in shares)
        return f"{self.threshold:11.2f}  {shown:7.1f}  {precise:14.1f}  {found:14.1f}"


def measure(clips: Sequence[dict[str, Any]], data: Path, model: str) -> list[Calibration]:
    """Hear all clips and print the table."""
    from app.asr.whisper import WhisperTranscriber  # noqa: PLC0415  a process loads what it measures, nothing else

    transcriber = WhisperTranscriber(default_models_dir() / model, model, threads=0)
    judged, missed_ms = list[Judged](), 0
    for clip in clips:
        heard = list(listen(blocks_of(data / clip["file"], 1), 1, transcriber))
        words = [word for part in heard for segment in part.segments for word in segment.words]
        judged += judge(words, clip["reference"])
        missed_ms += sum(end_ms - start_ms for part in heard for start_ms, end_ms in part.not_understood)
    table = [calibrated(judged, threshold) for threshold in sorted({*THRESHOLDS, *DOUBT_STEPS})]
    print(f"doubt under  shown %  shown: wrong %  wrong: shown %   ({len(judged)} words, {table[0].wrong} wrong)")
    print("\n".join(map(str, table)))
    print(f"speech without words: {missed_ms / 1000:.1f} s in {len(clips)} clips", flush=True)
    return table


def judge(words: Sequence[Word], reference: str) -> Iterator[Judged]:
    """Say of each word whether it is wrong; those that the normaliser drops are left out."""
    tokens = [(token, at) for at, word in enumerate(words) for token in _NORMAL(word.text).split()]
    said = _NORMAL(reference)
    if not tokens or not said:
        return
    compared = jiwer.process_words(said, " ".join(token for token, _ in tokens))
    wrong = {
        tokens[number][1]
        for part in compared.alignments[0]
        if part.type in {"substitute", "insert"}
        for number in range(part.hyp_start_idx, part.hyp_end_idx)
    }
    for at in dict.fromkeys(at for _, at in tokens):
        yield Judged(words[at].probability, at in wrong)


def calibrated(judged: Sequence[Judged], threshold: float) -> Calibration:
    shown = [word for word in judged if word.probability < threshold]
    return Calibration(
        threshold, len(shown), sum(word.wrong for word in shown), sum(word.wrong for word in judged), len(judged)
    )
