"""`make bench-notes DATA=folder`: the extractive drafter beside the first words and plain TextRank at equal length.

The folder holds `consultations/*.json`: utterances with times and speaker, and the clinician's own `highlights`.
Recall is ROUGE-1 (Lin 2004): the share of the highlights' words that the draft holds, lower case, not stemmed. Draft,
first words and TextRank have as many words as the draft's distinct sentences, counted for each consultation.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from app.notes.draft import Draft
from app.notes.extractive import draft_extractive
from app.notes.formats import built_in_formats
from app.notes.salience import textrank
from app.notes.statements import statements_of
from app.notes.transcript import Transcript, read_transcript
from app.notes.words import content, days, names, numbers, tokens
from tests.bench.consultations import consultations_in

ABOVE_LEAD = 1.15
OVERLAP = 0.9
SECONDS_FOR_50_MINUTES = 2.0
FIFTY_MINUTES_S = 3000


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    words: int  # of the draft, each sentence once
    share: float  # of the transcript's words
    ours: float | None  # recall; None where nobody marked highlights
    lead: float | None
    textrank: float | None
    sourced: float  # share of sentences with a source
    overlap: float  # share of content words that stand in the sources, mean over sentences
    foreign: int  # numbers, days and names that do not stand in the sources
    flags: int


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure draft notes on consultations.")
    parser.add_argument("--data", type=Path, default=os.environ.get("TACET_DATA"))
    parser.add_argument("--format", default="dap")
    args = parser.parse_args()
    files = consultations_in(args.data) if args.data else []
    if not files:
        print("skipped: name a folder that holds consultations/*.json with DATA=folder")
        return 1 if args.data else 0
    documents = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
    rows = [_row(name, document, args.format) for name, document in documents.items()]
    _print_rows(rows)
    return _verdict(rows, _seconds_for_50_minutes(list(documents.values())))


def _row(name: str, document: dict[str, Any], format_name: str) -> Row:
    transcript = read_transcript(document)
    draft = draft_extractive(transcript, format_name, built_in_formats()[format_name])
    distinct = list(dict.fromkeys(sentence.text for sentence in draft.sentences))
    said = [word for utterance in transcript.utterances for word in tokens(utterance.text)]
    ours = [word for text in distinct for word in tokens(text)]
    wanted = Counter(word for highlight in document["highlights"] for word in tokens(highlight))
    recalls = [
        _recall(wanted, words) if wanted else None
        for words in (ours, said[: len(ours)], _plain_textrank(transcript, len(ours)))
    ]
    return Row(name, len(ours), len(ours) / len(said), *recalls, *_faithfulness(draft, transcript))


def _recall(wanted: Counter[str], words: Sequence[str]) -> float:
    return (wanted & Counter(words)).total() / wanted.total()


def _plain_textrank(transcript: Transcript, length: int) -> list[str]:
    """The highest ranked sentences, whoever said them, cut off at `length` words."""
    statements = statements_of(transcript.utterances)
    ranks = textrank([content(statement.text) for statement in statements])
    ranked = sorted(range(len(statements)), key=lambda order: -ranks[order])
    return [word for order in ranked for word in tokens(statements[order].text)][:length]


def _faithfulness(draft: Draft, transcript: Transcript) -> tuple[float, float, int, int]:
    overlaps, foreign, sourced = [], 0, 0
    for sentence in draft.sentences:
        source = " ".join(utterance.text for utterance in transcript.at(sentence.segments))
        sourced += bool(source)
        stems = content(sentence.text)
        overlaps.append(sum(stem in set(content(source)) for stem in stems) / len(stems) if stems else 1.0)
        heard = {word.removesuffix("'s") for word in tokens(source)}
        foreign += len(numbers(sentence.text) - numbers(source)) + len(days(sentence.text) - days(source))
        foreign += len({name for name in names(sentence.text) if name not in heard})
    count = len(draft.sentences)
    return sourced / count, mean(overlaps), foreign, sum(len(sentence.flags) for sentence in draft.sentences)


def _seconds_for_50_minutes(documents: Sequence[dict[str, Any]]) -> float:
    """CPU time, the best of three, of a draft over consultations put one after the other."""
    utterances: list[dict[str, Any]] = []
    for document in documents:
        start_s = utterances[-1]["end_s"] if utterances else 0.0
        utterances += [
            {**one, "start_s": one["start_s"] + start_s, "end_s": one["end_s"] + start_s}
            for one in document["utterances"]
        ]
        if utterances[-1]["end_s"] >= FIFTY_MINUTES_S:
            break
    taken = []
    for _ in range(3):
        began = time.process_time()
        draft_extractive(read_transcript(utterances), "dap", built_in_formats()["dap"])
        taken.append(time.process_time() - began)
    return min(taken)


def _print_rows(rows: Sequence[Row]) -> None:
    print(
        f"{'consultation':<22}{'words':>6}{'share':>7}{'ours':>7}{'lead':>7}{'TextRank':>9}{'sourced':>9}{'overlap':>9}{'foreign':>8}{'flags':>6}"
    )
    for row in rows:
        recalls = "".join(
            f"{'-' if one is None else format(one, '.2f'):>{width}}"
            for one, width in ((row.ours, 7), (row.lead, 7), (row.textrank, 9))
        )
        print(
            f"{row.name:<22}{row.words:>6}{row.share:>7.0%}{recalls}{row.sourced:>9.0%}{row.overlap:>9.2f}{row.foreign:>8}{row.flags:>6}"
        )


def _verdict(rows: Sequence[Row], seconds: float) -> int:
    marked = [row for row in rows if row.ours is not None]
    ours, lead, plain = (mean(getattr(row, name) for row in marked) for name in ("ours", "lead", "textrank"))
    sizes = f"{mean(row.words for row in rows):>6.0f}{mean(row.share for row in rows):>7.0%}"
    print(f"{'mean':<22}{sizes}{ours:>7.3f}{lead:>7.3f}{plain:>9.3f}")
    sourced, overlap = min(row.sourced for row in rows), min(row.overlap for row in rows)
    foreign, flags = sum(row.foreign for row in rows), sum(row.flags for row in rows)
    faithful = sourced == 1 and overlap >= OVERLAP and foreign == 0
    good = faithful and ours >= ABOVE_LEAD * lead and seconds < SECONDS_FOR_50_MINUTES
    print(
        f"{'met' if good else 'MISSED'}: {len(rows)} consultations, {len(marked)} with highlights; "
        f"sourced {sourced:.0%}, least overlap {overlap:.2f}, foreign numbers and names {foreign}, flags {flags}; "
        f"recall {ours:.3f}, {ours / lead - 1:+.0%} to lead ({ABOVE_LEAD - 1:+.0%} wanted), "
        f"{ours / plain - 1:+.0%} to TextRank; 50 minutes in {seconds:.2f} s of CPU"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
