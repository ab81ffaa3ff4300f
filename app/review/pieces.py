"""Whose words are whose, as it stands: the machine's attribution, and what people made of it. Pure; speech in clear.

    machine's segments -> machine's attribution (turns) -> a person's changes, in order -> pieces, one a line

Nothing underneath is ever changed. A piece is a run of words of one speaker. Its key is one number: the segment's seq
where it begins with the segment's first word, and `seq | word << 20` where it begins later.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from app.domain import Attribution, KeptLine, Place, Segment, VoiceChange, VoiceChangeKind, Word
from app.speech.turns import Spoken, speakers_of

SEQ_BITS = 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of one speaker, a line of the transcript."""

    places: tuple[Place, ...]  # of its words, in order
    speaker: str | None
    machine_speaker: str | None  # whose the machine said most of it is
    sure: bool
    text: str = field(repr=False)  # the machine's
    words: tuple[Word, ...] = field(repr=False)
    start_ms: int
    end_ms: int
    probability: float

    @property
    def first(self) -> Place:
        return self.places[0]

    @property
    def last(self) -> Place:
        return self.places[-1]

    @property
    def key(self) -> int:
        return key_of(self.first)


def key_of(place: Place) -> int:
    seq, word = place
    return seq | word << SEQ_BITS


def segments_under(lines: Collection[int], changes: Sequence[VoiceChange]) -> tuple[int, int]:
    """Give the first and last segment to read so that `pieces_of` gives these lines as it would of the whole.

    A line lies within one segment, unless a change has joined segments; an undone one may have left its mark.
    """
    joined = {
        seq
        for one in changes
        if one.kind is VoiceChangeKind.MERGE and one.first and one.last
        for seq in range(one.first[0] + (one.first[1] > 0), one.last[0] + 1)
    }
    numbers = [key & ((1 << SEQ_BITS) - 1) for key in lines]
    first, last = min(numbers), max(numbers)
    while first in joined:
        first -= 1
    while last + 1 in joined:
        last += 1
    return first, last


def standing_changes(changes: Sequence[VoiceChange]) -> list[VoiceChange]:
    """The changes that no undo has taken back, oldest first."""
    undone = {change.undoes for change in changes}
    return [change for change in changes if change.undoes is None and change.change_id not in undone]


def pieces_of(
    segments: Sequence[Segment], attribution: Attribution | None, changes: Sequence[VoiceChange]
) -> tuple[Piece, ...]:
    """Give the lines in the order in which they were said. Of a stretch of segments it takes what changes say of it."""
    board = _Board(segments, attribution)
    for change in standing_changes(changes):
        board.apply(change)
    return tuple(board.pieces())


class _Board:
    """Every word's speaker, and where lines begin; changes move them."""

    def __init__(self, segments: Sequence[Segment], attribution: Attribution | None) -> None:
        self._segments = {segment.seq: segment for segment in segments}
        self._order: list[Place] = [
            (segment.seq, word) for segment in segments for word in range(max(1, len(segment.words)))
        ]
        self._at = {place: number for number, place in enumerate(self._order)}
        self._machine = [spoken for segment in segments for spoken in _heard(segment, attribution)]
        self._speakers = [speaker for speaker, _ in self._machine]
        self._moved = [False] * len(self._order)
        self._begins = {place for place in self._order if place[1] == 0}
        for kept in attribution.kept if attribution else ():
            self._keep(kept)

    def _keep(self, kept: KeptLine) -> None:
        if kept.first not in self._at or kept.last not in self._at:
            return
        first, after = self._at[kept.first], self._at[kept.last] + 1
        self._machine[first:after] = [(kept.speaker, True)] * (after - first)
        self._speakers[first:after] = [kept.speaker] * (after - first)
        self._begins.update(self._order[at] for at in (first, after) if at < len(self._order))

    def apply(self, change: VoiceChange) -> None:
        match change.kind:
            case VoiceChangeKind.ASSIGN:
                self._give(self._range(change), change.speaker)
            case VoiceChangeKind.VOICE:
                self._give([at for at, who in enumerate(self._speakers) if who == change.other], change.speaker)
            case VoiceChangeKind.SWAP:
                turned = {change.speaker: change.other, change.other: change.speaker}
                self._speakers = [turned.get(who, who) for who in self._speakers]
            case VoiceChangeKind.SPLIT if change.first in self._at:
                self._begins.add(change.first)
            case VoiceChangeKind.MERGE if change.first in self._at:
                self._begins.discard(change.first)
                self._give(self._range(change), change.speaker)
            case _:
                return

    def pieces(self) -> Iterator[Piece]:
        starts = [
            at
            for at, place in enumerate(self._order)
            if at == 0 or place in self._begins or self._speakers[at] != self._speakers[at - 1]
        ]
        for start, end in pairwise([*starts, len(self._order)]):
            yield self._piece(start, end)

    def _range(self, change: VoiceChange) -> range:
        if change.first is None or change.last is None:
            return range(0)
        return range(bisect_left(self._order, change.first), bisect_right(self._order, change.last))

    def _give(self, numbers: Sequence[int], speaker: str | None) -> None:
        for at in numbers:
            self._speakers[at], self._moved[at] = speaker, True

    def _piece(self, start: int, end: int) -> Piece:
        places = self._order[start:end]
        words = tuple(word for place in places for word in self._segments[place[0]].words[place[1] : place[1] + 1])
        first, last = self._segments[places[0][0]], self._segments[places[-1][0]]
        machine = [speaker for speaker, _ in self._machine[start:end]]
        unsure = sum(
            not sure and not moved
            for (_, sure), moved in zip(self._machine[start:end], self._moved[start:end], strict=True)
        )
        return Piece(
            places=tuple(places),
            speaker=self._speakers[start],
            machine_speaker=_most(machine),
            sure=2 * unsure < len(places),
            text=" ".join(text for text in (_text(self._segments[seq], places) for seq in _seqs(places)) if text),
            words=words,
            start_ms=first.start_ms if places[0][1] == 0 or not words else words[0].start_ms,
            end_ms=last.end_ms if places[-1][1] >= len(last.words) - 1 or not words else words[-1].end_ms,
            probability=sum(word.probability for word in words) / len(words) if words else first.probability,
        )


def _heard(segment: Segment, attribution: Attribution | None) -> list[Spoken]:
    """Whose the machine says each word is."""
    count = max(1, len(segment.words))
    if attribution is None or not attribution.turns:
        return [(segment.speaker, True)] * count
    words = segment.words or (Word(segment.start_ms, segment.end_ms, segment.text, segment.probability),)
    spoken = speakers_of(words, attribution.turns)
    if segment.seq in attribution.whole:
        speakers = [speaker for speaker, _ in spoken]
        return [(_most(speakers), True)] * count
    return spoken


def _most(speakers: Sequence[str | None]) -> str | None:
    """Who has most of the words, and of two with as many the one who begins: the same at every reading."""
    return max(dict.fromkeys(speakers), key=list(speakers).count)


def _seqs(places: Sequence[Place]) -> list[int]:
    return list(dict.fromkeys(seq for seq, _ in places))


def _text(segment: Segment, places: Sequence[Place]) -> str:
    """The segment's text of these words, with its own spacing."""
    numbers = [word for seq, word in places if seq == segment.seq]
    if len(numbers) >= len(segment.words):
        return segment.text
    starts, position = [], 0
    for word in segment.words:
        found = segment.text.find(word.text, position)
        starts.append(found if found >= 0 else position)
        position = starts[-1] + len(word.text) if found >= 0 else position
    end = starts[numbers[-1] + 1] if numbers[-1] + 1 < len(starts) else len(segment.text)
    return segment.text[starts[numbers[0]] : end].strip()
