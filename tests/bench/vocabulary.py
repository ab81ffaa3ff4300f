"""What words to expect are worth: errors of clips heard without them, with their own, and with another clip's.

Expected are the longest words that one reference alone has, as names and terms would be. A box tells them to the model
as a client's vocabulary (`app.speech.expected`).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jiwer
from whisper_normalizer.english import EnglishTextNormalizer

from app.asr.transcriber import Heard, Transcriber, Window
from app.speech.expected import one_line
from app.speech.listening import listen
from tacet.__main__ import default_models_dir
from tacet.sound_file import blocks_of

EXPECTED_WORDS, MOST_KNOWN_LETTERS = 10, 7
CLIP_WORDS = 150  # shorter ones have too little to expect
_NORMAL = EnglishTextNormalizer()


@dataclass(frozen=True)
class Effect:
    """All clips heard with one kind of vocabulary."""

    told: str
    words: int
    errors: int
    expected: int  # how often the clips' own words to expect are said
    found: int

    def __str__(self) -> str:
        wer, found = 100 * self.errors / self.words, 100 * self.found / max(1, self.expected)
        return f"{self.told:18} {wer:6.2f} {found:15.1f}"


@dataclass(frozen=True)
class Expecting:
    """A transcriber that is told what to expect."""

    transcriber: Transcriber
    vocabulary: str
    at_once: int = 1

    def hear(self, window: Window) -> Heard:
        return self.transcriber.hear(replace(window, context=replace(window.context, vocabulary=self.vocabulary)))


def measure(clips: Sequence[dict[str, Any]], data: Path, model: str) -> list[Effect]:
    """Hear the longer clips three times each and print the table."""
    from app.asr.whisper import WhisperTranscriber  # noqa: PLC0415  a process loads what it measures, nothing else

    transcriber = WhisperTranscriber(default_models_dir() / model, model, threads=0)
    long = [clip for clip in clips if len(clip["reference"].split()) >= CLIP_WORDS]
    expected = expected_words([clip["reference"] for clip in long])
    kinds = {
        "nothing": [()] * len(long),
        "its own words": expected,
        "another clip's": [*expected[len(long) // 2 :], *expected[: len(long) // 2]],
    }
    print(f"{'told':18} {'WER %':>6} {'of its own %':>15}   ({len(long)} clips)", flush=True)
    effects = []
    for told, vocabularies in kinds.items():
        heard = [
            _heard(data / clip["file"], transcriber, words) for clip, words in zip(long, vocabularies, strict=True)
        ]
        effects.append(_effect(told, [clip["reference"] for clip in long], heard, expected))
        print(effects[-1], flush=True)
    return effects


def expected_words(references: Sequence[str]) -> list[tuple[str, ...]]:
    """Give for each reference the longest of the words that no other has; two references of one text share theirs."""
    texts = {_NORMAL(reference) for reference in references}
    in_texts = Counter(word for text in texts for word in set(text.split()))
    return [
        tuple(
            sorted({word for word in _NORMAL(one).split() if _is_rare(word, in_texts)}, key=_longest)[:EXPECTED_WORDS]
        )
        for one in references
    ]


def _is_rare(word: str, in_texts: Counter[str]) -> bool:
    return in_texts[word] == 1 and len(word) > MOST_KNOWN_LETTERS


def _longest(word: str) -> tuple[int, str]:
    return -len(word), word


def _heard(file: Path, transcriber: Transcriber, words: Sequence[str]) -> str:
    expecting = Expecting(transcriber, one_line(", ".join(words)))
    found = (segment.text for part in listen(blocks_of(file, 1), 1, expecting) for segment in part.segments)
    return str(_NORMAL(" ".join(found)))


def _effect(told: str, references: Sequence[str], heard: Sequence[str], expected: Sequence[Sequence[str]]) -> Effect:
    said = [str(_NORMAL(reference)) for reference in references]
    compared = jiwer.process_words(said, [text or "-" for text in heard])
    counts = [*_counts(said, heard, expected)]
    return Effect(
        told,
        words=compared.hits + compared.substitutions + compared.deletions,
        errors=compared.substitutions + compared.deletions + compared.insertions,
        expected=sum(times for times, _ in counts),
        found=sum(min(times, found) for times, found in counts),
    )


def _counts(said: Sequence[str], heard: Sequence[str], expected: Sequence[Sequence[str]]) -> Iterator[tuple[int, int]]:
    for reference, text, words in zip(said, heard, expected, strict=True):
        in_reference, in_text = Counter(reference.split()), Counter(text.split())
        yield from ((in_reference[word], in_text[word]) for word in words)
