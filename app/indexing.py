"""Keeps the search index at what the transcripts say, and finds in it. Handles speech in clear."""

import re
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TypeAlias

from app.records.people import folded
from app.records.search_query import near_names, query_words, to_matches
from app.review import Cast, Line, cast_of, lines_of
from app.review.released_note import KEY_POINTS, covered_sentences
from app.rounds import go_round
from app.vault.errors import NoSuchSession
from app.vault.search import IndexLine, Narrowed, Texts
from app.vault.session_content import SessionContent
from app.vault.vault import Vault, Vaults

LOOK_EVERY_S = 3.0
MOST_PAGES = 6
MOST_SENTENCES = 20
SEGMENTS_A_PAGE = 3
SEGMENT_OF = (1 << 20) - 1  # a line that is a part of a segment carries more above these bits

Words: TypeAlias = tuple[tuple[str, bool], ...]  # folded, and whether each is meant whole


@dataclass(frozen=True, slots=True)
class Piece:
    text: str = field(repr=False)
    marked: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A line in which something was found."""

    session_id: str
    started_at_ms: int
    seq: int
    start_ms: int
    voice: str  # what to call who said it, "" where that is not known
    pieces: tuple[Piece, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoteHit:
    """A sentence of an approved note in which something was found."""

    session_id: str
    started_at_ms: int
    section: str
    pieces: tuple[Piece, ...] = field(repr=False)


class Indexer:
    """Indexes the finished transcripts of every unlocked vault. One thread calls `run`; any thread `look`."""

    def __init__(self, vaults: Vaults) -> None:
        self._vaults = vaults
        self._untidy: set[str] = set()  # vaults whose index is in pieces, or holds what a text said before

    def run(self, stopping: threading.Event) -> None:
        """Look until told to stop."""
        go_round(self._vaults, self.look, stopping, LOOK_EVERY_S, "indexing")

    def look(self, vault: Vault) -> int:
        """Index what is new or was changed; tells how many sessions."""
        stale, notes = vault.search.stale(), vault.note_search.stale()
        for session_id, content_hash in notes:
            try:
                sentences = covered_sentences(vault.notes.parts(session_id)) if content_hash else ()
            except NoSuchSession:
                continue
            vault.note_search.index(session_id, content_hash, [(one.sentence_id, one.text) for one in sentences])
            self._untidy.add(vault.account.vault_id)
        for session_id, version in stale:
            try:
                lines = lines_of(vault.sessions.content(session_id))
            except NoSuchSession:
                continue
            texts = [IndexLine(line.seq & SEGMENT_OF, line.text) for line in lines]
            vault.search.index(session_id, version, texts)
            self._untidy.add(vault.account.vault_id)
        if not stale and not notes and vault.account.vault_id in self._untidy:
            self._untidy.discard(vault.account.vault_id)
            vault.search.tidy()
        return len(stale)


def find_clients(vault: Vault, typed: str) -> list[str]:
    """The ids of the clients whose name, or a person's of theirs, resembles what was typed."""
    names = {}
    for client in vault.clients.list():
        for at, name in enumerate((client.name, *client.details.people)):
            names[f"{client.client_id} {at}"] = name
    return list(dict.fromkeys(key.split()[0] for key in near_names(typed, names)))


def find_lines(vault: Vault, typed: str, narrowed: Narrowed, speaker: str | None = None) -> list[Hit]:
    """The places where what was typed was said, newest first."""
    words = query_words(typed)
    contents = vault.search.found(to_matches(typed), narrowed, MOST_PAGES, lambda texts: _best(texts, words))
    hits = [hit for content in contents for hit in _hits(content, words, speaker)]
    return sorted(hits, key=lambda hit: -hit.started_at_ms)


def find_note_sentences(vault: Vault, typed: str, narrowed: Narrowed) -> list[NoteHit]:
    """The sentences of approved notes in which what was typed stands, newest session first."""
    words = query_words(typed)
    matches = to_matches(typed)
    wanted: dict[str, set[int]] = {}
    for hit in vault.note_search.find(matches[-1] if matches else "", narrowed, MOST_SENTENCES):
        wanted.setdefault(hit.session_id, set()).add(hit.sentence_id)
    found = []
    for session_id, ids in wanted.items():
        parts = vault.notes.parts(session_id)
        for one in covered_sentences(parts) if parts.approved else ():
            pieces, score = _marked(one.text, words)
            if one.sentence_id in ids and score:
                found.append(NoteHit(session_id, parts.row.head.started_at_ms, one.heading or KEY_POINTS, pieces))
    return sorted(found, key=lambda one: -one.started_at_ms)


def _best(texts: Texts, words: Words) -> list[int]:
    """The segments that hold the most of the words, a few a page."""
    plain = [folded(text) for _, text in texts]
    ends = list(accumulate(len(text) + 1 for text in plain))
    page = "\n".join(plain)
    scores: Counter[int] = Counter()
    for word, whole in words:
        scores.update({texts[bisect_right(ends, at)][0] for at in _places(page, word, whole=whole)})
    return sorted(scores, key=lambda seq: (-scores[seq], seq))[:SEGMENTS_A_PAGE]


def _places(page: str, word: str, *, whole: bool) -> Iterator[int]:
    """Where a word begins so, or is it. What stands before is looked at last: a pattern that begins with it is slow."""
    for found in re.finditer(re.escape(word) + (r"(?!\w)" if whole else ""), page):
        if not re.match(r"\w", page[max(0, found.start() - 1) : found.start()]):
            yield found.start()


def _hits(content: SessionContent, words: Words, speaker: str | None) -> list[Hit]:
    head, cast, found = content.row.head, cast_of(content), []
    for line in lines_of(content):
        pieces, score = _marked(line.text, words)
        if score and speaker in (None, line.speaker, _role(cast, line)):
            found.append(Hit(head.session_id, head.started_at_ms, line.seq, line.start_ms, line.voice, pieces))
    return found


def _role(cast: Cast, line: Line) -> str:
    """Give "therapist" or "client" where it is known which."""
    if cast.therapist is None or line.speaker is None:
        return ""
    return "therapist" if line.speaker == cast.therapist else "client"


def _marked(text: str, words: Words) -> tuple[tuple[Piece, ...], int]:
    """The text in pieces, and how many of the words are in it."""
    pieces, seen = [], set()
    for part in re.split(r"(\w+)", text):
        plain = folded(part) if part else ""
        match = next((word for word, whole in words if plain == word or (not whole and plain.startswith(word))), None)
        if match:
            seen.add(match)
        if part:
            pieces.append(Piece(part, match is not None))
    return tuple(pieces), len(seen)
