"""Where other concerns hang their parts on the session page. Each adds one line here, and keeps the rest to itself.

A concern brings a module of its own with routes (named in `app.web.server.ROUTES`), templates and, if it has to,
JavaScript. The session page knows nothing of it but the slot:

- A `Slot` is a section in the aside. Its content is a fragment that the page fetches from `path` when it loads, when
  the session's standing changes (drafted, approved, taken back), and when anything triggers the event `refresh` on
  `#slot-NAME`. Without JavaScript it is a link to the same address, so the route answers htmx with a fragment and
  everybody else with a page.
- A `LineTool` acts on the line one is at. It is a button in the tools of that line and a key; both fetch `path` and put
  the fragment into the line's `.line-extra`, or in place of the line where `target` says so. What the fragment's own
  forms answer is swapped as they say. `#line-SEQ` is the line, `#review` what is to be done before approving.

After a change of what an approval binds, answer with the header `HX-Trigger: changed`: the page then brings what it
shows of the whole up to date.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Slot:
    name: str  # "note": the section is #slot-note
    title: str
    path: str  # with {session_id}
    scripts: tuple[str, ...] = ()  # modules in static/
    styles: tuple[str, ...] = ()  # in static/
    news: str = ""  # a server-sent event of the session that is about this slot; its scripts find it in #news-NAME

    def address(self, session_id: str) -> str:
        return self.path.format(session_id=session_id)


@dataclass(frozen=True, slots=True)
class LineTool:
    name: str
    label: str  # "Edit"
    key: str  # one letter, as in the sheet of keys
    icon: str  # a symbol of static/icons.svg
    path: str  # with {session_id} and {seq}
    target: Literal["extra", "line"] = "extra"
    scripts: tuple[str, ...] = ()  # modules in static/

    def address(self, session_id: str) -> str:
        """Give the address with {seq} left open."""
        return self.path.format(session_id=session_id, seq="{seq}")


SLOTS: tuple[Slot, ...] = (
    Slot("note", "Note", "/sessions/{session_id}/note", scripts=("notes.js",), styles=("note.css",), news="noted"),
    Slot("voices", "Voices", "/sessions/{session_id}/voices", scripts=("speaking.js",), styles=("speaking.css",)),
    Slot("record", "Client and export", "/sessions/{session_id}/record"),
)
LINE_TOOLS: tuple[LineTool, ...] = (
    LineTool("edit", "Edit", "e", "pencil", "/sessions/{session_id}/lines/{seq}/edit", target="line"),
    LineTool("context", "Note", "c", "note", "/sessions/{session_id}/lines/{seq}/marks/context"),
    LineTool("redact", "Withhold a name", "x", "cover", "/sessions/{session_id}/lines/{seq}/marks/redacted"),
    LineTool("private", "Private", "p", "lock", "/sessions/{session_id}/lines/{seq}/marks/private"),
    LineTool("layers", "Versions", "v", "layers", "/sessions/{session_id}/lines/{seq}/layers"),
    LineTool("insert", "Into the note", "i", "insert", "/sessions/{session_id}/lines/{seq}/note"),
)
