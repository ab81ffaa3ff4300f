"""The search index of a vault: full text of the transcripts as they stand, without a second copy of them.

FTS5 without content: a page of lines goes in as one row, and only where its words are is kept. What was found is read
from the lines themselves. Deleting a page leaves marks in the index until it is tidied; `tidy` leaves nothing.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from typing import TypeAlias

from app.vault.database import Connection, Database
from app.vault.segment_rows import read_segments
from app.vault.session_content import SessionContent, read_standing

Texts: TypeAlias = list[tuple[int, str]]  # each with its segment

PAGE_WORDS = 1250  # fewer cost more index, more cost more reading of what was found
_LAST = 2**31  # to the end


@dataclass(frozen=True, slots=True)
class IndexLine:
    seq: int  # of the segment that the line begins in
    text: str = field(repr=False)  # as it stands; speech in clear


@dataclass(frozen=True, slots=True)
class FoundPage:
    page_id: int
    session_id: str
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Where to look. Times are UTC epoch ms, None: no bound."""

    client_id: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None


class SearchStore:
    """Thread-safe; takes speech in clear and hands out places."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stale(self) -> list[tuple[str, str]]:
        """The sessions whose words the index does not know as they stand, each with the version to note."""
        return self._database.read(_stale)

    def index(self, session_id: str, version: str, lines: Sequence[IndexLine]) -> bool:
        """Put the session's lines in place of what the index knew of it; tells whether it knew anything."""

        def change(connection: Connection) -> bool:
            if connection.execute("SELECT 1 FROM sessions WHERE session_id = ?", (session_id,)).fetchone() is None:
                return False
            known = connection.execute("DELETE FROM search_pages WHERE session_id = ?", (session_id,)).rowcount
            pages = _pages(lines)
            ends = [*(page[0].seq - 1 for page in pages[1:]), _LAST]
            for page, last_seq in zip(pages, ends, strict=bool(pages)):
                (page_id,) = connection.execute(
                    "INSERT INTO search_pages (session_id, first_seq, last_seq) VALUES (?, ?, ?) RETURNING page_id",
                    (session_id, page[0].seq, max(page[0].seq, last_seq)),
                ).fetchone()
                text = "\n".join(line.text for line in page)
                connection.execute("INSERT INTO search (rowid, text) VALUES (?, ?)", (page_id, text))
            connection.execute(
                "INSERT INTO search_versions (session_id, version) VALUES (?, ?)"
                " ON CONFLICT (session_id) DO UPDATE SET version = excluded.version",
                (session_id, version),
            )
            return known > 0

        return self._database.write(change)

    def found(
        self, matches: Sequence[str], narrowed: Narrowed, pages: int, choose: Callable[[Texts], Collection[int]]
    ) -> list[SessionContent]:
        """Places that the index finds: each a session's content as it stands, with one segment alone.

        The first of `matches` counts most: what the next one finds fills up what is left of `pages`. `choose` picks
        segments among a page's texts. To show a place, never to approve.
        """

        def question(connection: Connection) -> list[SessionContent]:
            contents: list[SessionContent] = []
            for session_id, group in groupby(_pages_of(connection, matches, narrowed, pages), attrgetter("session_id")):
                whole = read_standing(connection, session_id)
                chosen = [seq for page in group for seq in choose(texts_of(connection, page))]
                segments = (read_segments(connection, session_id, seq, seq) for seq in chosen)
                contents += [replace(whole, segments=tuple(one)) for one in segments]
            return contents

        return self._database.read(question)

    def tidy(self) -> None:
        """Leave nothing in the index of what was taken out of it."""
        self._database.write(purge)
        self._database.empty_log()


def purge(connection: Connection) -> None:
    """Rewrite the index without what was deleted from it."""
    for index in ("search", "note_search"):
        connection.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")  # noqa: S608  constants


def texts_of(connection: Connection, page: FoundPage) -> Texts:
    """What the machine heard and what people wrote in the page's lines, each with its segment: to choose among."""
    where = "WHERE session_id = ?1 AND seq BETWEEN ?2 AND ?3"
    rows = connection.execute(
        f"SELECT seq, text FROM segments {where} UNION ALL SELECT seq, text FROM edits {where} AND text != ''",  # noqa: S608  constant
        (page.session_id, page.first_seq, page.last_seq),
    )
    return [(row[0], row[1]) for row in rows]


def _stale(connection: Connection) -> list[tuple[str, str]]:
    """A session's version changes with every word that is heard and every edit."""
    rows = connection.execute(
        "SELECT session_id, printf('%d %d', heard_segments,"
        " coalesce((SELECT max(edit_id) FROM edits WHERE edits.session_id = sessions.session_id), 0)) AS version"
        " FROM sessions WHERE heard_all AND heard_segments > 0 AND version IS NOT"
        " (SELECT version FROM search_versions WHERE search_versions.session_id = sessions.session_id)"
        " ORDER BY started_at_ms"
    )
    return [(row[0], row[1]) for row in rows]


def _pages(lines: Sequence[IndexLine]) -> list[list[IndexLine]]:
    pages: list[list[IndexLine]] = []
    words = PAGE_WORDS
    for line in lines:
        if words >= PAGE_WORDS:
            pages.append([])
            words = 0
        pages[-1].append(line)
        words += len(line.text.split())
    return pages


def _pages_of(connection: Connection, matches: Sequence[str], narrowed: Narrowed, most: int) -> list[FoundPage]:
    """Newest first."""
    found: dict[int, FoundPage] = {}
    for match in filter(None, dict.fromkeys(matches)):
        if len(found) < most:
            pages = _find_pages(connection, match, narrowed, most)
            found |= {page.page_id: page for page in pages[: most - len(found)]}
    return sorted(found.values(), key=attrgetter("page_id"), reverse=True)


def _find_pages(connection: Connection, match: str, narrowed: Narrowed, most: int) -> list[FoundPage]:
    rows = connection.execute(
        "SELECT page_id, session_id, first_seq, last_seq FROM search JOIN search_pages ON page_id = search.rowid"
        " JOIN sessions USING (session_id)"
        " WHERE search MATCH ? AND (?2 IS NULL OR started_at_ms >= ?2) AND (?3 IS NULL OR started_at_ms < ?3)"
        " AND (?4 IS NULL OR (SELECT client_id FROM session_links WHERE session_links.session_id = sessions.session_id"
        " ORDER BY link_id DESC LIMIT 1) = ?4) ORDER BY search.rowid DESC LIMIT ?5",
        (match, narrowed.from_ms, narrowed.to_ms, narrowed.client_id, most),
    )
    return [FoundPage(*row) for row in rows]
