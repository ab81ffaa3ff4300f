from dataclasses import replace

from app.asr.transcriber import SAMPLE_RATE_HZ, Heard, Transcriber, Window
from app.domain import Cursor
from app.ingest import OpenTape
from app.speech.attribution import attribute, mixed_down, segments
from app.speech.windows import Span, next_span
from app.vault.sessions import SessionStore


def hear_next(tape: OpenTape, store: SessionStore, transcriber: Transcriber) -> Cursor | None:
    """Hear one span more and keep its words; None where the tape has to grow first.

    The words and the place to go on from are stored in one step, so a kill at any moment loses or repeats nothing.

    Raises:
        TranscriberAway, TranscriberFailed: nothing was stored; call again later.
        TapeError: the tape was changed or is gone.
    """
    cursor = store.cursor(tape.session_id)
    ended = not tape.being_written
    span = next_span(tape.reader.stretches(), cursor.next_sample, ended=ended)
    if span is None:
        if not ended or cursor.finished:
            return None
        finished = replace(cursor, finished=True)
        store.append_segments(tape.session_id, [], finished)
        return finished
    return _hear(tape, store, transcriber, cursor, span)


def _hear(tape: OpenTape, store: SessionStore, transcriber: Transcriber, cursor: Cursor, span: Span) -> Cursor:
    channels = tape.reader.head.channels
    pcm = tape.reader.read_pcm(span.start_sample, span.samples)
    heard = transcriber.hear(Window(mixed_down(pcm, channels), span.final, cursor.prompt, cursor.language))
    found = segments(
        attribute(heard.utterances, pcm, channels),
        first_seq=cursor.next_seq,
        offset_ms=span.start_sample * 1000 // SAMPLE_RATE_HZ,
        model=heard.model,
    )
    following = _advanced(cursor, span, heard, len(found))
    store.append_segments(tape.session_id, found, following)
    return following


def _advanced(cursor: Cursor, span: Span, heard: Heard, new_segments: int) -> Cursor:
    return Cursor(
        next_sample=span.start_sample + heard.advance_samples,
        prompt=heard.prompt,
        language=heard.language,
        next_seq=cursor.next_seq + new_segments,
    )
