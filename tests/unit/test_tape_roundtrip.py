"""Whatever is recorded in whatever order comes back to the sample, from a reader that followed and from a fresh one."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from support.tapes import new_tape, noise, open_tape

from firmware.tape import ConsentEvent, Record, RecordType, Stretch, TapeReader, TapeWriter

RATE_HZ = 20

Step = tuple[str, int]
steps = st.one_of(
    st.tuples(st.just("audio"), st.integers(1, RATE_HZ)),
    st.tuples(st.just("gap"), st.integers(1, 3 * RATE_HZ)),
    st.tuples(st.sampled_from(["pause", "fault", "mark", "segment", "follow"]), st.just(0)),
)


@dataclass
class Model:
    """What a tape must say after some steps."""

    channels: int
    pcm: bytes = b""
    records: list[tuple[RecordType, int]] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    is_whole: bool = False

    @property
    def sample(self) -> int:
        return len(self.pcm) // (2 * self.channels)

    def note(self, record_type: RecordType) -> None:
        self.records.append((record_type, self.sample))
        self.is_whole = self.is_whole and record_type in {RecordType.AUDIO, RecordType.MARK}

    def add_audio(self, pcm: bytes) -> None:
        self.note(RecordType.AUDIO)
        samples = len(pcm) // (2 * self.channels)
        if self.is_whole:
            last = self.stretches.pop()
            self.stretches.append(Stretch(last.start_sample, last.samples + samples))
        else:
            self.stretches.append(Stretch(self.sample, samples))
        self.is_whole = True
        self.pcm += pcm


def take(step: Step, seed: int, writer: TapeWriter, model: Model, follower: TapeReader) -> None:
    match step:
        case ("audio", samples):
            pcm = noise(samples, seed, model.channels)
            writer.append_audio(pcm)
            model.add_audio(pcm)
        case ("gap", samples):
            writer.append_gap(samples)
            model.note(RecordType.GAP)
            model.pcm += bytes(samples * 2 * model.channels)
        case ("pause", _):
            writer.append_consent(ConsentEvent.PAUSED)
            writer.append_consent(ConsentEvent.RESUMED)
            model.note(RecordType.CONSENT)
            model.note(RecordType.CONSENT)
        case ("fault", _):
            writer.append_fault("some_fault")
            model.note(RecordType.FAULT)
        case ("mark", _):
            writer.append_mark("some_mark")
            model.note(RecordType.MARK)
        case ("segment", _):
            writer.start_segment()
        case _:
            follower.refresh()
            check(follower, model)


def check(reader: TapeReader, model: Model) -> None:
    def place(record: Record) -> tuple[RecordType, int]:
        return record.type, record.sample

    assert reader.samples == model.sample
    assert reader.read_pcm(0, model.sample + 5) == model.pcm
    assert reader.stretches() == model.stretches
    assert [place(record) for record in reader.events()] == model.records


@settings(max_examples=80, deadline=None)
@given(
    session=st.lists(steps, max_size=25),
    channels=st.integers(1, 2),
    segment_s=st.integers(1, 3),
    span=st.tuples(st.integers(0, 200), st.integers(0, 200)),
    ends=st.booleans(),
)
def test_tape__any_session__comes_back_to_the_sample(
    *, session: list[Step], channels: int, segment_s: int, span: tuple[int, int], ends: bool
) -> None:
    with tempfile.TemporaryDirectory() as tapes_dir:
        writer = new_tape(Path(tapes_dir), rate_hz=RATE_HZ, channels=channels, segment_s=segment_s)
        model, follower = Model(channels), open_tape(writer.folder)
        writer.append_consent(ConsentEvent.GIVEN)
        model.note(RecordType.CONSENT)
        for seed, step in enumerate(session):
            take(step, seed, writer, model, follower)
        if ends:
            writer.close()
            model.note(RecordType.CLOSE)
        else:
            writer.abandon()
        follower.refresh()
        for reader in (follower, open_tape(writer.folder)):
            check(reader, model)
            assert reader.closed == ends
            assert (reader.damage is None) == ends
            start, length = span
            frame = 2 * channels
            assert reader.read_pcm(start, length) == model.pcm[start * frame : (start + length) * frame]
