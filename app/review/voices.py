"""Correcting who said what. The machine's attribution stays underneath; every change is kept with who and when.

Handles speech in clear. Every method may raise NoSuchSession, SessionApproved and what a locked vault raises.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.domain import Place, VoiceChange, VoiceChangeKind
from app.errors import TacetError
from app.review.pieces import Piece, pieces_of, standing_changes
from app.vault.errors import NoSuchSession, NothingToUndo
from app.vault.session_content import SessionContent
from app.vault.vault import Vault

MOST_SPEAKERS = 6
MOST_LETTERS = 40  # of a name


class EditedWords(TacetError):
    """The change would cut through or join a line that a person has edited or marked. Take that back first."""


class NoSuchWords(TacetError):
    """What was selected is not there, or nothing would change."""


@dataclass(frozen=True, slots=True)
class Selected:
    """Words from one place to another, each named by its line and where it begins in the recording."""

    first_line: int
    last_line: int
    first_ms: int | None = None  # None: from the line's first word
    last_ms: int | None = None  # None: to the line's last word


class VoiceReview:
    """What a person does about who said what in one vault's transcripts. Thread-safe."""

    def __init__(self, vault: Vault) -> None:
        self._sessions = vault.sessions

    def assign(self, session_id: str, selected: Selected, speaker: str, author: str) -> None:
        """These words are the speaker's; a line breaks where the selection begins or ends within it.

        Raises:
            NoSuchWords, EditedWords: nothing was changed.
        """

        def make(content: SessionContent) -> VoiceChange:
            first, last = _places(_pieces(content), selected)
            return VoiceChange(VoiceChangeKind.ASSIGN, _speaker(speaker), first=first, last=last)

        self._change(session_id, make, author)

    def rename(self, session_id: str, other: str, speaker: str, author: str) -> None:
        """All that is `other`'s is the speaker's from now on."""
        self._change(
            session_id, lambda _: VoiceChange(VoiceChangeKind.VOICE, _speaker(speaker), _speaker(other)), author
        )

    def swap(self, session_id: str, author: str, one: str = "1", other: str = "2") -> None:
        """The two change places everywhere."""
        self._change(session_id, lambda _: VoiceChange(VoiceChangeKind.SWAP, _speaker(one), _speaker(other)), author)

    def who(self, session_id: str, therapist: str, names: Mapping[str, str], author: str) -> None:
        """This voice is the therapist's, and those with a name are called so.

        Raises:
            NoSuchWords: There is no such voice, or a name is too long.
        """
        given = tuple((_speaker(speaker), _name(name)) for speaker, name in names.items() if name.strip())
        self._change(session_id, lambda _: VoiceChange(VoiceChangeKind.ROLE, _speaker(therapist), names=given), author)

    def people(self, session_id: str, people: int, author: str) -> None:
        """So many people are to be told apart by their voices; the box listens anew where it told another number.

        Raises:
            NoSuchWords: Nobody, or too many.
        """
        if not 1 <= people <= MOST_SPEAKERS:
            raise NoSuchWords(f"The box tells 1 to {MOST_SPEAKERS} people apart. Choose a number between.")
        self._change(session_id, lambda _: VoiceChange(VoiceChangeKind.PEOPLE, people=people), author)

    def split(self, session_id: str, seq: int, at_ms: int, author: str) -> None:
        """A line begins at the word that begins at `at_ms`.

        Raises:
            NoSuchWords, EditedWords: nothing was changed.
        """

        def make(content: SessionContent) -> VoiceChange:
            piece = _piece(_pieces(content), seq)
            place = _place_at(piece, at_ms)
            if place == piece.first:
                raise NoSuchWords("A line begins there already. Choose a word further on.")
            return VoiceChange(VoiceChangeKind.SPLIT, first=place)

        self._change(session_id, make, author)

    def merge(self, session_id: str, seq: int, author: str) -> None:
        """The line goes on the one before it, and is said by whoever said that.

        Raises:
            NoSuchWords, EditedWords: nothing was changed.
        """

        def make(content: SessionContent) -> VoiceChange:
            pieces = _pieces(content)
            piece = _piece(pieces, seq)
            at = pieces.index(piece)
            if at == 0:
                raise NoSuchWords("This is the first line. Choose a later one to join it to the line before.")
            return VoiceChange(VoiceChangeKind.MERGE, pieces[at - 1].speaker, first=piece.first, last=piece.last)

        self._change(session_id, make, author)

    def undo(self, session_id: str, author: str) -> None:
        """Take the last standing change back; the undo is kept as well.

        Raises:
            NothingToUndo: nobody changed anything, or all of it was taken back.
            EditedWords: nothing was changed.
        """

        def make(content: SessionContent) -> VoiceChange:
            standing = standing_changes(content.voice_changes)
            if not standing:
                raise NothingToUndo("There is nothing to undo: the voices stand as the machine told them apart.")
            return replace(standing[-1], undoes=standing[-1].change_id)

        self._change(session_id, make, author)

    def _change(self, session_id: str, make: Callable[[SessionContent], VoiceChange], author: str) -> None:
        def guarded(content: SessionContent) -> VoiceChange:
            change = make(content)
            _keep_edited_whole(content, change)
            return change

        self._sessions.add_voice_change(session_id, guarded, author)


def _keep_edited_whole(content: SessionContent, change: VoiceChange) -> None:
    """Refuse what would cut or join a line that a person has edited or marked: which part would that belong to?

    Raises:
        EditedWords: leads to taking the edit back.
    """
    newest = max((one.change_id for one in content.voice_changes), default=0) + 1
    after = pieces_of(
        content.segments, content.attribution, [*content.voice_changes, replace(change, change_id=newest)]
    )
    extents = {piece.key: (piece.first, piece.last) for piece in after}
    edited = {seq for seq, edit in content.edits.items() if edit.text is not None}
    marked = {mark.seq for mark in content.marks}
    for piece in _pieces(content):
        if piece.key in edited | marked and extents.get(piece.key) != (piece.first, piece.last):
            done = "words of this line were edited" if piece.key in edited else "line is marked or has a note"
            raise EditedWords(f"The {done}. Take that back first, then change where the line begins or ends.")


def _pieces(content: SessionContent) -> tuple[Piece, ...]:
    return pieces_of(content.segments, content.attribution, content.voice_changes)


def _piece(pieces: Sequence[Piece], seq: int) -> Piece:
    for piece in pieces:
        if piece.key == seq:
            return piece
    raise NoSuchSession("This line is not in the transcript. Reload the page and try again.")


def _places(pieces: Sequence[Piece], selected: Selected) -> tuple[Place, Place]:
    first, last = _piece(pieces, selected.first_line), _piece(pieces, selected.last_line)
    start = first.first if selected.first_ms is None else _place_at(first, selected.first_ms)
    end = last.last if selected.last_ms is None else _place_at(last, selected.last_ms)
    if (pieces.index(first), start) > (pieces.index(last), end):
        raise NoSuchWords("The selection ends before it begins. Select the words again.")
    return start, end


def _place_at(piece: Piece, at_ms: int) -> Place:
    """The word of the line that begins then, or the last one before."""
    starts = [word.start_ms for word in piece.words]
    found = [place for place, start_ms in zip(piece.places, starts, strict=False) if start_ms <= at_ms]
    return found[-1] if found else piece.first


def _speaker(speaker: str) -> str:
    if speaker not in {str(number) for number in range(1, MOST_SPEAKERS + 1)}:
        raise NoSuchWords(f"There are speakers 1 to {MOST_SPEAKERS}. Choose one of them.")
    return speaker


def _name(name: str) -> str:
    plain = " ".join(name.split())
    if len(plain) > MOST_LETTERS or not plain.isprintable():
        raise NoSuchWords(f"A name has up to {MOST_LETTERS} letters. Choose a shorter one.")
    return plain
