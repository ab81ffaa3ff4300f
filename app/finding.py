"""What a check of the box has found, on one line, with what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    FINE = "fine"
    ATTENTION = "attention"  # the box works; somebody should look
    BROKEN = "broken"
    NOT_TRIED = "not tried"  # it takes a person, or something that is not there


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    verdict: Verdict
    sentence: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.verdict.value:<9}  {self.check:<13}  {self.sentence} {self.remedy}".rstrip()
