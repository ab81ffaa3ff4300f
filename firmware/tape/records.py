import re
import struct
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import ClassVar, TypeAlias, assert_never

CODE_PATTERN = re.compile(r"[a-z0-9_]{1,32}")
ID_PATTERN = re.compile(r"[0-9a-f]{32}")
MAX_SMALL_PLAINTEXT_BYTES = 64  # only audio may be longer, so a longer record is known for audio without opening it
BYTES_PER_SAMPLE = 2

_PREFIX = struct.Struct(">BQ")  # type, position on the timeline in samples
_CONSENT = struct.Struct(">BBQ")  # event, clock trusted, UTC epoch ms (0 = not known)
_GAP = struct.Struct(">Q")  # samples
_CLOSE = struct.Struct(">QQQ")  # samples of audio, of gaps, of erased parts
_ERASED = struct.Struct(">QBQ")  # samples, clock trusted, UTC epoch ms (0 = not known)
_APPOINTMENT = struct.Struct(">16s")
PREFIX_BYTES = _PREFIX.size


class RecordType(IntEnum):
    AUDIO = 1
    CONSENT = 2
    MARK = 3
    GAP = 4
    FAULT = 5
    CLOSE = 6
    APPOINTMENT = 7
    ERASED = 8


class ConsentEvent(StrEnum):
    GIVEN = "given"
    PAUSED = "paused"
    RESUMED = "resumed"
    WITHDRAWN = "withdrawn"


_EVENT_CODES = {event: code for code, event in enumerate(ConsentEvent, start=1)}
_FLAGS = {0: False, 1: True}
_EVENTS = {code: event for event, code in _EVENT_CODES.items()}


@dataclass(frozen=True, slots=True)
class AudioRecord:
    """Up to one second of sound: interleaved 16-bit little-endian PCM. Holds speech in clear."""

    type: ClassVar = RecordType.AUDIO
    sample: int  # position of the first frame
    samples: int  # frames, a channel
    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    type: ClassVar = RecordType.CONSENT
    sample: int
    event: ConsentEvent
    at_ms: int | None = None  # UTC epoch, a label only: the timeline counts samples
    clock_trusted: bool = False


@dataclass(frozen=True, slots=True)
class MarkRecord:
    type: ClassVar = RecordType.MARK
    sample: int
    code: str


@dataclass(frozen=True, slots=True)
class GapRecord:
    """Sound that was lost within a consent span; the timeline goes on by `samples`."""

    type: ClassVar = RecordType.GAP
    sample: int
    samples: int


@dataclass(frozen=True, slots=True)
class FaultRecord:
    type: ClassVar = RecordType.FAULT
    sample: int
    code: str


@dataclass(frozen=True, slots=True)
class CloseRecord:
    """The last record of a tape that was stopped properly, with the totals of all before it."""

    type: ClassVar = RecordType.CLOSE
    sample: int
    audio_samples: int
    gap_samples: int
    erased_samples: int = 0


@dataclass(frozen=True, slots=True)
class ErasedRecord:
    """Here stood so much, and it was erased because somebody asked for it; the timeline goes on by `samples`."""

    type: ClassVar = RecordType.ERASED
    sample: int
    samples: int
    at_ms: int | None = None  # UTC epoch, a label
    clock_trusted: bool = False


@dataclass(frozen=True, slots=True)
class AppointmentRecord:
    """Which appointment the session belongs to, when the app had said so before it began."""

    type: ClassVar = RecordType.APPOINTMENT
    sample: int
    appointment_id: str  # 32 lowercase hex digits; whose it is stands in the vault alone


Occurrence: TypeAlias = (
    AppointmentRecord | ConsentRecord | MarkRecord | GapRecord | FaultRecord | ErasedRecord | CloseRecord
)
Record: TypeAlias = AudioRecord | Occurrence


def encode(record: Record) -> bytes:
    """The plaintext of a record: type, position, payload. Holds speech in clear for audio.

    Raises:
        ValueError: the code of a mark or a fault is not 1 to 32 of a-z, 0-9 and underscore, or an id is none.
    """
    return _PREFIX.pack(record.type, record.sample) + _payload(record)


def _payload(record: Record) -> bytes:  # noqa: PLR0911  a type each
    match record:
        case AudioRecord():
            return record.pcm
        case ConsentRecord():
            return _CONSENT.pack(_EVENT_CODES[record.event], record.clock_trusted, record.at_ms or 0)
        case MarkRecord() | FaultRecord():
            return _checked_code(record.code).encode("ascii")
        case GapRecord():
            return _GAP.pack(record.samples)
        case CloseRecord():
            return _CLOSE.pack(record.audio_samples, record.gap_samples, record.erased_samples)
        case ErasedRecord():
            return _ERASED.pack(record.samples, record.clock_trusted, record.at_ms or 0)
        case AppointmentRecord():
            return _APPOINTMENT.pack(_checked_id(record.appointment_id))
        case _:
            assert_never(record)


def _checked_id(appointment_id: str) -> bytes:
    if not ID_PATTERN.fullmatch(appointment_id):
        raise ValueError("an appointment id is 32 lowercase hex digits")
    return bytes.fromhex(appointment_id)


def _checked_code(code: str) -> str:
    if not CODE_PATTERN.fullmatch(code):
        raise ValueError("a code is 1 to 32 of a-z, 0-9 and underscore")
    return code


def decode(plaintext: bytes, channels: int) -> Record:
    """The inverse of `encode`.

    Raises:
        ValueError: not a record of this format version; the reader refuses the tape.
    """
    if len(plaintext) < PREFIX_BYTES:
        raise ValueError("shorter than a record's prefix")
    type_code, sample = _PREFIX.unpack_from(plaintext)
    payload = plaintext[PREFIX_BYTES:]
    record_type = RecordType(type_code)
    if record_type is RecordType.AUDIO:
        return AudioRecord(sample, samples_in(len(payload), channels), payload)
    if len(plaintext) > MAX_SMALL_PLAINTEXT_BYTES:
        raise ValueError("longer than a record without sound may be")
    try:
        return _decode_small(record_type, sample, payload)
    except (struct.error, UnicodeDecodeError, KeyError) as error:
        raise ValueError("malformed payload") from error


def _decode_small(record_type: RecordType, sample: int, payload: bytes) -> Record:  # noqa: PLR0911  a type each
    match record_type:
        case RecordType.CONSENT:
            event, trusted, at_ms = _CONSENT.unpack(payload)
            return ConsentRecord(sample, _EVENTS[event], at_ms or None, _FLAGS[trusted])
        case RecordType.MARK:
            return MarkRecord(sample, _checked_code(payload.decode("ascii")))
        case RecordType.GAP:
            return GapRecord(sample, *_GAP.unpack(payload))
        case RecordType.FAULT:
            return FaultRecord(sample, _checked_code(payload.decode("ascii")))
        case RecordType.CLOSE:
            return CloseRecord(sample, *_CLOSE.unpack(payload))
        case RecordType.ERASED:
            samples, trusted, at_ms = _ERASED.unpack(payload)
            return ErasedRecord(sample, samples, at_ms or None, _FLAGS[trusted])
        case RecordType.APPOINTMENT:
            return AppointmentRecord(sample, _APPOINTMENT.unpack(payload)[0].hex())
        case RecordType.AUDIO:
            raise ValueError("audio is decoded by its caller")
        case _:
            assert_never(record_type)


def samples_in(pcm_bytes: int, channels: int) -> int:
    """Frames in so many bytes of PCM.

    Raises:
        ValueError: no sound at all, or not a whole number of frames.
    """
    samples, rest = divmod(pcm_bytes, BYTES_PER_SAMPLE * channels)
    if rest or not samples:
        raise ValueError("not a whole number of frames")
    return samples
