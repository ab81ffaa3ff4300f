from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from heapq import merge
from typing import Protocol

from app.asr.transcriber import SAMPLE_RATE_HZ, Heard, Transcriber, Utterance, Window
from app.domain import Cursor, Segment
from app.ingest import OpenTape
from app.speech.attribution import attribute, mixed_down, segments
from app.speech.windows import Span, next_span


class Store(Protocol):
    """Where words go: the transcript (SessionStore), or a second hearing beside it (HearingStore)."""

    def cursor(self, session_id: str) -> Cursor: ...

    def append_segments(
        self, session_id: str, segments: Sequence[Segment], cursor: Cursor, machine: str | None = None
    ) -> None: ...


def hear_next(
    tape: OpenTape, store: Store, transcriber: Transcriber, vocabulary: Callable[[], str] = str
) -> Cursor | None:
    """Hear one span more and keep its words; give how far the session was heard, None where the tape has to grow first.

    `vocabulary` is asked once, before the first words: the same window must give the same words when it is asked again.
    The words and the place to go on from are stored in one step, so a kill at any moment loses or repeats nothing.

    Raises:
        TranscriberAway, TranscriberFailed: nothing was stored; call again later.
        TapeError: the tape was changed or is gone.
    """
    cursor = store.cursor(tape.session_id)
    if cursor.finished:
        return cursor
    if cursor.next_sample == 0:
        cursor = replace(cursor, context=replace(cursor.context, vocabulary=vocabulary()))
    ended = not tape.being_written
    span = next_span(tape.reader.stretches(), cursor.next_sample, ended=ended)
    if span is None:
        if not ended:
            return None
        finished = replace(cursor, finished=True)
        store.append_segments(tape.session_id, [], finished)
        return finished
    return _hear(tape, store, transcriber, cursor, span)


def _hear(tape: OpenTape, store: Store, transcriber: Transcriber, cursor: Cursor, span: Span) -> Cursor:
    heard = transcriber.hear(window_at(tape, cursor, span))
    found = segments(
        attribute(_all_said(heard), tape.reader.read_pcm(span.start_sample, span.samples), tape.reader.head.channels),
        first_seq=cursor.next_seq,
        offset_ms=span.start_sample * 1000 // SAMPLE_RATE_HZ,
        model=heard.model,
    )
    following = Cursor(
        next_sample=span.start_sample + heard.advance_samples,
        context=heard.context,
        next_seq=cursor.next_seq + len(found),
    )
    store.append_segments(tape.session_id, found, following, heard.machine)
    return following


def _all_said(heard: Heard) -> Iterator[Utterance]:
    """Give what was said in order; a voice for which no words were found is an utterance without words."""
    missed = (Utterance(start_ms, end_ms, "", (), "not_understood") for start_ms, end_ms in heard.not_understood)
    return merge(heard.utterances, missed, key=lambda one: one.start_ms)


def window_at(tape: OpenTape, cursor: Cursor, span: Span) -> Window:
    """Read a span of a tape, mixed down, with what was said before it."""
    around = span.before_samples + span.samples + span.after_samples
    pcm = tape.reader.read_pcm(span.start_sample - span.before_samples, around)
    return Window(
        mixed_down(pcm, tape.reader.head.channels),
        final=span.final,
        context=cursor.context,
        before_samples=span.before_samples,
        after_samples=span.after_samples,
        live=tape.being_written,
    )
