"""The sealed tape, version 2: one session's sound, sealed to a therapist's public key while it is recorded.

This text is the specification; `tests/unit/tape_vectors.json` holds tapes with their keys and contents, and
`tests/support/tape_by_the_spec.py` is a second reader made from this text alone. Numbers are unsigned and big-endian,
`|` joins bytes, a sample is a frame (one value a channel). HKDF is RFC 5869 with SHA-256 and 32 bytes of output.

A tape is a folder named by its session id (32 lowercase hex digits); it appears in one step with its complete head::

    head          locked by the recorder (flock, exclusive) for as long as it writes
    000000.seg    segments, numbered without a hole
    reserve       space set aside, so that a tape can be closed on a full disk; not a part of the tape
    erasing       only while the end of the tape is being erased: it cannot be read then

Head, 160 bytes::

    magic            8   "TACETAPE"
    version          2   2
    session id      16
    sample rate      4   Hz
    channels         1
    clock trusted    1   0 or 1: whether the next field can be believed
    started at       8   UTC, ms since 1970; a label, no length is computed from it
    key id           8   SHA-256(recipient's X25519 public key), first 8 bytes
    wrapped key     80   the session key (32 random bytes), see below
    check           32   HKDF(session key, no salt, info = "tacet tape v2 head" | the 128 bytes before)

The wrapped key is HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM, empty
associated data, info = "tacet tape v2 session key" | the head's first 48 bytes; encapsulated key (32), then ciphertext.

Segment: a header of 76 bytes, a slot of 96 bytes, then records::

    magic            8   "TACETSEG"
    number           4   0 for the first; also the file's name, six digits
    head            32   SHA-256(head)
    link            32   of the segment before; zeros for the first

    nonce           12   random
    wrapped keys    84   AES-256-GCM(slot key, nonce, records (4) | cell link (32) | row link (32),
                                     associated data = SHA-256(header))

    slot key    = HKDF(session key, no salt, info = "tacet tape v2 slot")
    link        = SHA-256(header | number of records (4) | last 16 bytes of the last record), all of the segment before

A segment has at most 512 records, each under a key of its own: 16 rows of 32 cells, record i in row i // 32 at cell
i % 32. The keys hang in chains that are computed from their ends::

    row link of row 15                32 random bytes, made for this segment
    row link of row r                 SHA-256("tacet tape v2 row" | row link of row r + 1)
    cell link of cell 31 of row r     SHA-256("tacet tape v2 start of row" | row link of row r)
    cell link of cell c of row r      SHA-256("tacet tape v2 cell" | cell link of cell c + 1 of row r)
    record key                      = HKDF(its cell link, no salt, info = "tacet tape v2 record" | SHA-256(header))

The slot says how many records it opens (1 to 512), with the cell link of the last of them and the row link of the row
before that one's (zeros for row 0), and so all records before. A slot that is replaced by one for fewer records takes
the others away from everybody, whoever keeps the session key; one that is overwritten takes all of the segment.

A segment ends, and the next record begins another one, after a given length of sound, a pause, a withdrawal, a gap, a
fault, a failed write, its 512th record, and where its end was erased. Record, the STREAM construction (Hoang,
Reyhanitabar, Rogaway, Vizar 2015) as age uses it::

    length           4   of the ciphertext
    index            4   0, 1, 2 ... within the segment
    final            1   1: no record follows in this segment; else 0
    ciphertext           AES-256-GCM(record key, nonce = index (11) | final (1), plaintext,
                                     associated data = SHA-256(header) | index (4) | final (1))

    plaintext = type (1) | position on the timeline in samples (8) | payload:

    1 audio      PCM, 16 bit signed little-endian, channels interleaved: whole samples, at least one, at most 1 s
    2 consent    event (1): 1 given, 2 paused, 3 resumed, 4 withdrawn | clock trusted (1) | UTC ms or 0 (8)
    3 mark       code: 1 to 32 of a-z, 0-9 and _
    4 gap        samples that were lost here (8), at least 1
    5 fault      code, as in mark
    6 close      samples of audio (8), of gaps (8), of erased parts (8), of the whole tape; final, and nothing follows
    7 linked     appointment id (16), opaque; at most one, before any consent event
    8 erased     samples that stood here (8), at least 1 | clock trusted (1) | UTC ms or 0 (8)

Only audio may have a plaintext of more than 64 bytes. A position is the sum of all audio, gaps and erased parts before:
a gap moves the timeline, a pause does not. Audio, gaps and erased parts stand only where consent is live: given ->
(paused -> resumed)* -> withdrawn, the last from either, nothing twice. A reader refuses a tape that breaks any of this.

An interrupted write. One record is under way at a time and durable before the next begins, so after a kill or a power
cut the last segment may end in one unreadable place, no longer than a record can be; where that is the segment's first
record, its header may be cut or zero in places, but not be another one, and its slot may be anything. A reader leaves
the place out and says so. It refuses the tape when more is unreadable, when another segment follows, or when an
authentic record stands within or behind the place: then one had been durable there, and somebody changed it. A writer
that fails to write cuts the file back and goes on in a new segment: an index, once used, is a nonce spent.

What is detected, and by what:

- A changed, moved, repeated or missing record: its key, index and final flag; a changed length also by the positions.
- A record or segment of another tape or place: slot and record keys are bound to the header, the header to the head,
  the number and the segment before. The link names how many records that had and the last one's tag, so a segment can
  neither be dropped, swapped nor shortened once another follows. (A tag can be trusted here because each record is
  fixed by its index already; the link only has to say which one was the last, and headers chain back to the head.)
- A changed head: HPKE's info, the check, and its digest in every segment.
- The end cut off: not distinguishable from a power cut, so it shows as one: the close record is missing.

What is not: whoever has the public key can make a whole new tape, since the recorder holds no signing key; and whoever
can put back an older copy of the whole folder shows an abrupt end. In clear are the head, the lengths of records and
the files' times: how long was recorded and when, never what.

Erasing the end. While a tape is being written everything behind a place can be erased, and the tape goes on: the record
of sound before which that place lies goes, with all records behind it, and an erased record of the same length stands
there instead, in a new segment, with a pause behind it where consent rests. First the plan is made durable in the file
`erasing`: SHA-256 of what follows (32), then JSON with `number` of the new segment, `segment` its content in hex, and,
where the segment before is cut, its new length `kept_bytes` and in hex its new first bytes `kept_start` (up to 4,096,
with the new slot), else 0 and "". Then, in this order: those bytes are overwritten, and the slots of all segments from
`number` on with zeros; the cut one is shortened and the others are removed, the last first; the new one is written; the
plan is removed. All of this needs no key and may be repeated from its beginning. A plan whose digest is wrong was never
begun, and is removed.

Erasing all overwrites and removes the head, with it the only wrapped session key, and then the files (`erase_tape`). A
withdrawal leaves a note beside the tapes, `withdrawn/<session id>.json`, of when and how much, and nothing else.
"""

from firmware.tape.durable import SHARED_FOLDER
from firmware.tape.end_cut import Erasure
from firmware.tape.errors import (
    ConsentMissing,
    NothingToErase,
    TapeBusy,
    TapeErased,
    TapeError,
    TapeFailed,
    TapeFull,
    TapeRefused,
    WrongKey,
)
from firmware.tape.folder import erase_tape, finish_erasing, finish_erasing_end, is_being_written, list_tapes
from firmware.tape.head import Recipient, TapeHead, open_session_key, read_head
from firmware.tape.reader import TapeReader
from firmware.tape.records import (
    AppointmentRecord,
    AudioRecord,
    CloseRecord,
    ConsentEvent,
    ConsentRecord,
    ErasedRecord,
    FaultRecord,
    GapRecord,
    MarkRecord,
    Occurrence,
    Record,
    RecordType,
)
from firmware.tape.tape_index import Stretch
from firmware.tape.withdrawal import (
    AskedBy,
    Withdrawal,
    finish_withdrawals,
    forget_withdrawal,
    list_withdrawals,
    note_withdrawal,
    withdraw_tape,
)
from firmware.tape.writer import TapeWriter

__all__ = [
    "SHARED_FOLDER",
    "AppointmentRecord",
    "AskedBy",
    "AudioRecord",
    "CloseRecord",
    "ConsentEvent",
    "ConsentMissing",
    "ConsentRecord",
    "ErasedRecord",
    "Erasure",
    "FaultRecord",
    "GapRecord",
    "MarkRecord",
    "NothingToErase",
    "Occurrence",
    "Recipient",
    "Record",
    "RecordType",
    "Stretch",
    "TapeBusy",
    "TapeErased",
    "TapeError",
    "TapeFailed",
    "TapeFull",
    "TapeHead",
    "TapeReader",
    "TapeRefused",
    "TapeWriter",
    "Withdrawal",
    "WrongKey",
    "erase_tape",
    "finish_erasing",
    "finish_erasing_end",
    "finish_withdrawals",
    "forget_withdrawal",
    "is_being_written",
    "list_tapes",
    "list_withdrawals",
    "note_withdrawal",
    "open_session_key",
    "read_head",
    "withdraw_tape",
]
