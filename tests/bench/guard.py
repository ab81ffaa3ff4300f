"""`make bench-guard`: what the guard catches, and where it cries wolf, on sentences written for it.

Two halves, ten dialogues each, with ten true sentences and ten corrupted ones a dialogue, one of each kind. The open
half was there while the rules were written; the kept half was written before them and only measured afterwards. The
bounds are for the kept half. With DATA=folder also the extractive drafts of real consultations: all true by making.
"""

import argparse
import json
import os
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.notes.extractive import draft_extractive
from app.notes.formats import built_in_formats
from app.notes.guard import flags_of
from app.notes.transcript import Role, Utterance, read_transcript
from tests.bench.consultations import consultations_in

HERE = Path(__file__).resolve().parent
KINDS = (
    "number", "day", "name", "speaker", "negation", "quote", "diagnosis", "recommendation", "risk", "normal",
)  # fmt: skip
LEAST_CAUGHT = 0.95
MOST_FALSE = 0.05
_CITED = re.compile(r"(?:(?P<kind>[a-z]+): )?(?P<text>.*) \[(?P<turns>[\d, ]+)\]", re.DOTALL)
_ROLES = {"T": Role.THERAPIST, "C": Role.CLIENT}


@dataclass(frozen=True, slots=True)
class Case:
    kind: str  # one of KINDS, or "true"
    text: str
    sources: tuple[Utterance, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that flag it."""
        return tuple(flag.rule for flag in flags_of(self.text, self.sources))


def cases_of(half: str) -> list[Case]:
    """All sentences of a half: "open" or "kept"."""
    document = tomllib.loads((HERE / f"guard_sentences_{half}.toml").read_text(encoding="utf-8"))
    return [case for dialogue in document["dialogue"] for case in _cases(dialogue)]


def rates(cases: Sequence[Case]) -> tuple[float, float]:
    """The share of corrupted sentences with a flag, and of true ones with a flag."""
    flagged = Counter((case.kind != "true", bool(case.rules)) for case in cases)
    caught, missed = flagged[True, True], flagged[True, False]
    false, quiet = flagged[False, True], flagged[False, False]
    return caught / (caught + missed), false / (false + quiet)


def _cases(dialogue: dict[str, list[str]]) -> Iterator[Case]:
    said = [
        Utterance(place, place * 5.0, place * 5.0 + 4, _ROLES[turn[0]], turn[3:])
        for place, turn in enumerate(dialogue["turns"])
    ]
    for line in (*dialogue["true"], *dialogue["wrong"]):
        match = _CITED.fullmatch(line)
        if match is None:
            raise ValueError(f"no turns are cited by: {line}")
        kind = match["kind"] if line in dialogue["wrong"] else "true"
        text = match["text"] if kind != "true" or not match["kind"] else f"{match['kind']}: {match['text']}"
        yield Case(kind, text, tuple(said[int(turn)] for turn in match["turns"].split(",")))


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the guard.")
    parser.add_argument("--data", type=Path, default=os.environ.get("TACET_DATA"))
    parser.add_argument("--show", action="store_true", help="print what the open half gets wrong")
    args = parser.parse_args()
    halves = {half: cases_of(half) for half in ("open", "kept")}
    if args.show:
        _show(halves["open"])
    _print_table(halves)
    if args.data:
        _print_drafts(args.data)
    caught, false = rates(halves["kept"])
    good = caught >= LEAST_CAUGHT and false <= MOST_FALSE
    print(
        f"{'met' if good else 'MISSED'}: kept half, {caught:.1%} caught (95% wanted), "
        f"{false:.1%} false alarms (5% at most)"
    )
    return 0 if good else 1


def _show(cases: Sequence[Case]) -> None:
    for case in cases:
        if (case.kind == "true") is bool(case.rules):
            print(f"{case.kind:<15}{case.text}  {case.rules}")


def _print_table(halves: dict[str, list[Case]]) -> None:
    print(f"{'kind':<16}{'open half':>16}{'kept half':>16}")
    for kind in (*KINDS, "true"):
        shares = []
        for cases in halves.values():
            mine = [bool(case.rules) for case in cases if case.kind == kind]
            shares.append(f"{sum(mine)} of {len(mine)}")
        print(f"{kind if kind != 'true' else 'true (alarms)':<16}{shares[0]:>16}{shares[1]:>16}")
    both = [rates(cases) for cases in halves.values()]
    print(f"{'caught':<16}{both[0][0]:>16.1%}{both[1][0]:>16.1%}")
    print(f"{'false alarms':<16}{both[0][1]:>16.1%}{both[1][1]:>16.1%}")


def _print_drafts(data: Path) -> None:
    sentences = flagged = 0
    for file in consultations_in(data):
        transcript = read_transcript(json.loads(file.read_text(encoding="utf-8")))
        draft = draft_extractive(transcript, "dap", built_in_formats()["dap"])
        sentences += len(draft.sentences)
        flagged += sum(bool(sentence.flags) for sentence in draft.sentences)
    print(f"extractive drafts of real consultations: {flagged} of {sentences} sentences flagged")


if __name__ == "__main__":
    sys.exit(main())
