"""The extractive drafter: chooses among what was said, and writes nothing of its own. Pure, no weights.

Statements compete within their kind (reported, done, response, agreed) for a share of the note's length. What counts:
how central a statement is (TextRank), how much it says that is not in the draft yet (coverage, greedy, as Lin and
Bilmes, "A Class of Submodular Functions for Document Summarization", ACL 2011), cues, figures, and its place.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.notes.cues import Kind, cue_strength, kind_of
from app.notes.draft import Draft, Drafter, DraftSection, DraftSentence
from app.notes.formats import NoteFormat
from app.notes.guard import with_flags, without_flagged
from app.notes.mentions import mentions_in
from app.notes.salience import textrank
from app.notes.statements import Statement, statements_of
from app.notes.transcript import Role, Transcript
from app.notes.words import STOP, content, days, numbers, tokens

EXTRACTIVE: Final = Drafter("extractive", "1.0")

# A note grows slower than the session: about 290 words for ten minutes, 620 for fifty.
_WORDS_PER_ROOT: Final = 7.5
_SHORTEST_NOTE: Final = 40  # words
_SHARES: Final = {Kind.REPORTED: 0.54, Kind.DONE: 0.18, Kind.RESPONSE: 0.08, Kind.AGREED: 0.20}
_SUMMARY_SHARE: Final = 0.2
_SUMMARY_MOST: Final = 6  # sentences
_OPENING: Final = 0.15  # of the session: where a client says what brings them
_ENGLISH: Final = 0.25  # share of small English words from which on a text counts as English
_ENOUGH_TO_TELL: Final = 20  # words

NO_WORDS: Final = "There are no words in this transcript, so there is nothing to draft."
LITTLE: Final = "This transcript is very short, so the draft holds nearly all of it."
NO_SPEAKERS: Final = (
    "The transcript does not say who is therapist and who is client, so the sentences are sorted by their words alone."
)
ONE_VOICE: Final = "Only one voice stands in this transcript, so what the other said is missing."
NOT_ENGLISH: Final = (
    "This does not read as English. Key points are chosen by what recurs; plans and interventions are only told apart "
    "in English so far."
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    order: int
    kind: Kind
    statement: Statement = field(repr=False)
    stems: tuple[str, ...] = field(repr=False)
    length: int  # words
    merit: float


def draft_extractive(transcript: Transcript, format_name: str, note_format: NoteFormat) -> Draft:
    """Draft a note. Every sentence stands in the transcript, and names the utterances that it stands in.

    What was said and the guard would flag all the same is left out: there is enough else to choose from.
    """
    utterances = transcript.utterances
    statements = statements_of(utterances)
    candidates = _candidates(statements)
    weights = _weights(candidates)
    budget = _budget(sum(len(tokens(utterance.text)) for utterance in utterances))
    chosen = _choose_all(
        candidates, weights, budget, {kind for section in note_format.sections for kind in section.takes}
    )
    summary = _choose(chosen, weights, budget * _SUMMARY_SHARE, set())[:_SUMMARY_MOST]
    by_kind = _in_sections(chosen, note_format)
    draft = Draft(
        format_name=format_name,
        drafter=EXTRACTIVE,
        summary=_sentences(summary),
        sections=tuple(
            DraftSection(
                section.name, section.belongs, section.prompt, section.judgement, _sentences(by_kind[section.name])
            )
            for section in note_format.sections
        ),
        mentions=mentions_in(utterances),
        notices=_notices(transcript, candidates, budget),
    )
    return without_flagged(with_flags(draft, transcript))


def _candidates(statements: Sequence[Statement]) -> list[_Candidate]:
    stems = [tuple(content(statement.text)) for statement in statements]
    ranks = textrank(stems)
    candidates: list[_Candidate] = []
    kind: Kind | None = None
    for order, statement in enumerate(statements):
        place = order / len(statements)
        kind = kind_of(statement, place, kind)
        if kind is not None:
            merit = _merit(statement, kind, place) * (0.5 + float(ranks[order]))
            candidates.append(_Candidate(order, kind, statement, stems[order], len(tokens(statement.text)), merit))
    return candidates


def _merit(statement: Statement, kind: Kind, place: float) -> float:
    """What speaks for a statement besides the words it covers."""
    merit = 1.0 + 0.15 * min(3, cue_strength(statement, kind))
    if kind is Kind.REPORTED and place <= _OPENING:
        merit += 0.3
    if numbers(statement.text) or days(statement.text):
        merit += 0.15
    if statement.asked:
        merit -= 0.1  # the answer says little without its question
    return merit


def _weights(candidates: Iterable[_Candidate]) -> dict[str, float]:
    """What covering a content stem is worth: more where it recurs, and where both voices use it."""
    counts: Counter[str] = Counter()
    voices: dict[str, set[Role]] = {}
    for candidate in candidates:
        counts.update(candidate.stems)
        for stem in candidate.stems:
            voices.setdefault(stem, set()).add(candidate.statement.role)
    return {stem: (1 + math.log(count)) * (1.3 if len(voices[stem]) > 1 else 1.0) for stem, count in counts.items()}


def _budget(words: int) -> float:
    return max(_SHORTEST_NOTE, _WORDS_PER_ROOT * math.sqrt(words))


def _choose_all(
    candidates: Sequence[_Candidate], weights: dict[str, float], budget: float, kinds: set[Kind]
) -> list[_Candidate]:
    """The note's statements in the order they were said; what one kind leaves of its share goes to the others."""
    covered: set[str] = set()
    chosen: list[_Candidate] = []
    wanted = [kind for kind in (Kind.AGREED, Kind.RESPONSE, Kind.DONE, Kind.REPORTED) if kind in kinds]
    left, shares = budget, sum(_SHARES[kind] for kind in wanted)
    for kind in wanted:
        mine = [candidate for candidate in candidates if candidate.kind is kind]
        took = _choose(mine, weights, left * _SHARES[kind] / shares, covered)
        chosen += took
        left -= sum(candidate.length for candidate in took)
        shares -= _SHARES[kind]
    return sorted(chosen, key=lambda candidate: candidate.order)


def _choose(
    candidates: Sequence[_Candidate], weights: dict[str, float], budget: float, covered: set[str]
) -> list[_Candidate]:
    """Greedy: always the one that adds most for its length, as long as it fits. `covered` grows by what was chosen."""
    chosen: list[_Candidate] = []
    open_to = list(candidates)
    while open_to:
        open_to = [candidate for candidate in open_to if candidate.length <= budget]
        best = max(open_to, key=lambda candidate: _gain(candidate, weights, covered), default=None)
        if best is None or _gain(best, weights, covered) <= 0:
            break
        chosen.append(best)
        open_to.remove(best)
        covered.update(best.stems)
        budget -= best.length
    return sorted(chosen, key=lambda candidate: candidate.order)


def _gain(candidate: _Candidate, weights: dict[str, float], covered: set[str]) -> float:
    new = sum(weights.get(stem, 0.0) for stem in set(candidate.stems) - covered)
    return candidate.merit * new / math.sqrt(candidate.length + 4)


def _in_sections(chosen: Sequence[_Candidate], note_format: NoteFormat) -> dict[str, list[_Candidate]]:
    return {
        section.name: [candidate for candidate in chosen if candidate.kind in section.takes]
        for section in note_format.sections
    }


def _sentences(candidates: Sequence[_Candidate]) -> tuple[DraftSentence, ...]:
    return tuple(
        DraftSentence(candidate.statement.text, candidate.statement.positions, candidate.statement.role)
        for candidate in candidates
    )


def _reads_as_english(words: Sequence[str]) -> bool:
    """A few words are taken for English unless they are written in another script."""
    plain = sum(word.isascii() for word in words)
    if plain * 2 < len(words):
        return False
    return len(words) < _ENOUGH_TO_TELL or sum(word in STOP for word in words) >= _ENGLISH * len(words)


def _notices(transcript: Transcript, candidates: Sequence[_Candidate], budget: float) -> tuple[str, ...]:
    words = [word for utterance in transcript.utterances for word in tokens(utterance.text)]
    if not words:
        return (NO_WORDS,)
    roles = {utterance.role for utterance in transcript.utterances if utterance.text.strip()}
    notices = []
    if not _reads_as_english(words):
        notices.append(NOT_ENGLISH)
    if transcript.guessed:
        notices.append(f"Speaker {transcript.guessed} asks most of the questions and is taken for the therapist.")
    elif roles == {Role.UNKNOWN}:
        notices.append(NO_SPEAKERS)
    elif len(roles) == 1:
        notices.append(ONE_VOICE)
    if sum(candidate.length for candidate in candidates) <= budget:
        notices.append(LITTLE)
    return tuple(notices)
