"""What people agreed to, and whether that still holds. Pure; the sentence in a note comes from here alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum

from app.records.people import Person

DAY_MS = 24 * 3600 * 1000


class Scope(StrEnum):
    """What can be agreed to, each by itself."""

    RECORD = "record"
    TRANSCRIBE = "transcribe"
    DRAFT = "draft"
    KEEP_AUDIO = "keep_audio"


class Method(StrEnum):
    SCREEN = "screen"
    PAPER = "paper"
    SPOKEN = "spoken"


class Standing(StrEnum):
    GIVEN = "given"
    MISSING = "missing"  # never given
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OUTDATED = "outdated"  # given to an earlier wording: ask again


SCOPE_WORDS = {
    Scope.RECORD: "record the session",
    Scope.TRANSCRIBE: "turn the recording into words",
    Scope.DRAFT: "draft notes from the words",
    Scope.KEEP_AUDIO: "keep the sound after the transcript is approved",
}


@dataclass(frozen=True, slots=True)
class ConsentText:
    """A wording. Never changed: another wording is another version."""

    text_id: int
    language: str
    version: int
    jurisdiction: str
    title: str
    body: str
    valid_days: int | None  # None: until it is withdrawn
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class Consent:
    consent_id: int
    person_id: str
    text: ConsentText
    scopes: frozenset[Scope]
    method: Method
    signed_name: str = field(repr=False)
    signed_at_ms: int
    recorded_by: str
    session_id: str | None = None  # where it was said aloud
    at_ms: int | None = None

    @property
    def expires_at_ms(self) -> int | None:
        return None if self.text.valid_days is None else self.signed_at_ms + self.text.valid_days * DAY_MS


@dataclass(frozen=True, slots=True)
class ConsentWithdrawal:
    person_id: str
    scopes: frozenset[Scope]
    withdrawn_at_ms: int
    recorded_by: str
    past_erased: bool


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """All that is on file about one person's consent, and the wordings in force."""

    person: Person
    consents: tuple[Consent, ...] = ()  # oldest first
    withdrawals: tuple[ConsentWithdrawal, ...] = ()
    newest_versions: tuple[tuple[str, int], ...] = ()  # (language, version) in force

    def standing(self, scope: Scope, now_ms: int) -> Standing:
        """Whether this person agrees to this at this moment.

        The newest word counts: a consent signed after a withdrawal gives it back; a newer consent without the scope
        takes it away; a wording that was replaced, or a period that is over, asks again.
        """
        newest = self._newest()
        withdrawn_ms = max((one.withdrawn_at_ms for one in self.withdrawals if scope in one.scopes), default=None)
        if newest is None:
            return Standing.MISSING
        if withdrawn_ms is not None and withdrawn_ms >= newest.signed_at_ms:
            return Standing.WITHDRAWN
        if scope not in newest.scopes:
            gave_before = any(scope in one.scopes for one in self.consents)
            return Standing.WITHDRAWN if gave_before else Standing.MISSING
        if newest.expires_at_ms is not None and now_ms >= newest.expires_at_ms:
            return Standing.EXPIRED
        if dict(self.newest_versions).get(newest.text.language, newest.text.version) > newest.text.version:
            return Standing.OUTDATED
        return Standing.GIVEN

    def newest(self) -> Consent | None:
        return self._newest()

    def _newest(self) -> Consent | None:
        return max(self.consents, key=lambda one: (one.signed_at_ms, one.consent_id), default=None)


def everybody_agrees(records: Iterable[ConsentRecord], scope: Scope, now_ms: int) -> bool:
    """Whether each person in the room does; nobody in the room is no consent."""
    standings = [one.standing(scope, now_ms) for one in records]
    return bool(standings) and all(one is Standing.GIVEN for one in standings)


def consent_sentence(records: Sequence[ConsentRecord], now_ms: int, zone: tzinfo) -> str:
    """The sentence for a note, from what is on file and nothing else."""
    if not records:
        return "No consent is on file."
    return " ".join(_about(one, now_ms, zone) for one in records)


def _about(record: ConsentRecord, now_ms: int, zone: tzinfo) -> str:
    given = [scope for scope in Scope if record.standing(scope, now_ms) is Standing.GIVEN]
    newest = record.newest()
    if newest is None:
        return f"{record.person.name}: no consent is on file."
    day = datetime.fromtimestamp(newest.signed_at_ms / 1000, zone)
    how = {Method.SCREEN: "on the screen", Method.PAPER: "on paper", Method.SPOKEN: "aloud"}[newest.method]
    wording = f"wording {newest.text.language} {newest.text.version}"
    if not given:
        return (
            f"{record.person.name}: no consent stands; the last was given {how} on {day.day} {day:%B %Y} ({wording})."
        )
    words = ", ".join(SCOPE_WORDS[scope] for scope in given)
    return f"{record.person.name} agreed {how} on {day.day} {day:%B %Y} ({wording}) to: {words}."


def scopes_to_text(scopes: Iterable[Scope]) -> str:
    return ",".join(sorted(scopes))


def scopes_from_text(text: str) -> frozenset[Scope]:
    return frozenset(Scope(one) for one in text.split(",") if one)
