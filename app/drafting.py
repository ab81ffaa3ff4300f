"""The station that drafts a note for every session whose transcript is complete. Handles speech in clear."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from app.domain import Note, NoteHeading, NoteSentence, SessionState
from app.errors import TacetError
from app.notes.draft import Draft, DraftSentence
from app.notes.extractive import draft_extractive
from app.notes.formats import DEFAULT_FORMAT, NoteFormat, all_formats, built_in_formats, find_format
from app.notes.model_drafter import ModelDrafter
from app.notes.model_server import ModelServer
from app.notes.transcript import Transcript
from app.review import transcript_of
from app.settings import AppSettings
from app.vault.errors import NoSuchSession, SessionApproved, VaultLocked
from app.vault.note_rows import NEW
from app.vault.sessions import wall_clock_ms
from app.vault.vault import Vault, Vaults

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.5
RETRY_EVERY_S: Final = 5.0  # after an unexpected fault
COMPLETE: Final = frozenset({SessionState.DRAFTED, SessionState.IN_REVIEW})


class DraftsNotes(Protocol):
    """A drafter: a transcript in, a draft out. It may take minutes; it never raises."""

    def __call__(self, transcript: Transcript, format_name: str, note_format: NoteFormat) -> Draft: ...


@dataclass(frozen=True, slots=True)
class Drafting:
    """Drafts notes in the box's formats. Thread-safe."""

    formats: Mapping[str, NoteFormat] = field(default_factory=built_in_formats)
    format_name: str = DEFAULT_FORMAT
    drafter: DraftsNotes = draft_extractive

    @classmethod
    def by(cls, settings: AppSettings) -> "Drafting":
        """Draft as the clinic has set it: its formats, its language model if it has one."""
        drafter: DraftsNotes = draft_extractive
        if settings.note_model_url is not None:
            server = ModelServer(
                settings.note_model_url,
                settings.note_model,
                settings.note_model_host,
                settings.note_model_ca,
                settings.note_model_timeout_s,
            )
            drafter = ModelDrafter(server, settings.note_model_sha256)
        return cls(all_formats(settings.note_formats), settings.note_format, drafter)

    def draft(self, vault: Vault, session_id: str, format_name: str | None = None) -> Note:
        """Draft a note of the transcript as it stands; nothing is stored.

        Raises:
            NoSuchSession: It is not in this vault.
            UnknownFormat: There is no such format.
        """
        name = format_name or self.format_name
        note_format = find_format(name, self.formats)
        transcript = transcript_of(vault.sessions.content(session_id))
        return note_from(self.drafter(transcript, name, note_format), wall_clock_ms())

    def draft_waiting(self, vault: Vault) -> int:
        """Draft for every complete session that has no draft yet, and tell how many got one.

        Idempotent: a kill in between leaves the session without a draft, and the next look finds it.
        """
        done = 0
        for session_id in vault.notes.waiting(COMPLETE):
            try:
                heard = vault.hearings.swaps(session_id)  # before: drafting may take minutes
                done += vault.notes.add_first_draft(session_id, self.draft(vault, session_id), heard)
            except (NoSuchSession, SessionApproved):
                continue  # withdrawn or approved meanwhile
        return done

    def run(self, vaults: Vaults, stopping: threading.Event, on_change: Callable[[], None]) -> None:
        """Look until told to stop; any thread of its own."""
        wait_s = LOOK_EVERY_S
        while not stopping.wait(wait_s):
            wait_s = LOOK_EVERY_S
            for vault in vaults.unlocked():
                try:
                    if self.draft_waiting(vault):
                        on_change()
                except VaultLocked:
                    continue
                except TacetError as error:
                    log.error("a note could not be drafted: %s", type(error).__name__)  # noqa: TRY400  see below
                    wait_s = RETRY_EVERY_S
                except Exception as error:  # noqa: BLE001  speech must not reach a traceback, and it must go on
                    log.error("drafting failed (%s); trying again", type(error).__name__)  # noqa: TRY400  same
                    wait_s = RETRY_EVERY_S


def note_from(draft: Draft, now_ms: int) -> Note:
    """The draft as a vault keeps it."""
    sentences = [_sentence(one, "", now_ms) for one in draft.summary]
    for section in draft.sections:
        sentences += [_sentence(one, section.name, now_ms) for one in section.sentences]
    return Note(
        draft_id=NEW,
        format_name=draft.format_name,
        headings=tuple(NoteHeading(one.name, one.belongs, one.prompt, one.judgement) for one in draft.sections),
        drafter=draft.drafter.name,
        version=draft.drafter.version,
        model_sha256=draft.drafter.model_sha256,
        notices=draft.notices,
        drafted_at_ms=now_ms,
        sentences=tuple(sentences),
    )


def _sentence(sentence: DraftSentence, heading: str, now_ms: int) -> NoteSentence:
    return NoteSentence(NEW, heading, sentence.text, sentence.segments, sentence.said_by.value, "", now_ms)
