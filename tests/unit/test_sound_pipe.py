import io

import pytest

from firmware.sound_pipe import Kind, Message, MessageReader, MessageWriter, PipeBroken

MESSAGES = [
    Message(Kind.OPENED, 48_000, "Mikrofon größer".encode()),
    Message(Kind.SOUND, 0, b"\x01\x02" * 800),
    Message(Kind.MISSING, 800, (1_600).to_bytes(8)),
    Message(Kind.MISSING, 2_400, b""),
    Message(Kind.END, 2_400, b""),
]


class Slow(io.RawIOBase):
    """Takes a few bytes at a time, as a full pipe does."""

    def __init__(self) -> None:
        self.taken = b""

    def write(self, some: "memoryview[int]") -> int:  # type: ignore[override]
        self.taken += bytes(some[:7])
        return min(7, len(some))


def written() -> bytes:
    pipe = Slow()
    writer = MessageWriter(pipe)  # type: ignore[arg-type]
    for message in MESSAGES:
        writer.write(message)
    return pipe.taken


def read_all(pipe: bytes) -> list[Message]:
    reader, found = MessageReader(io.BytesIO(pipe)), []
    while (message := reader.read()) is not None:
        found.append(message)
    return found


def test_pipe__what_was_written__is_read() -> None:
    assert read_all(written()) == MESSAGES
    assert [message.missing_samples for message in MESSAGES[2:4]] == [1_600, None]


def test_pipe__cut_anywhere__never_gives_half_a_message() -> None:
    whole = written()
    ends = {0}
    for cut in range(1, len(whole)):
        try:
            assert read_all(whole[:cut]) == MESSAGES[: len(ends)]
            ends.add(cut)
        except PipeBroken:
            pass
    assert len(ends) == len(MESSAGES)


def test_pipe__a_message_left_out_or_twice__is_noticed() -> None:
    first = len(written()) - len(MESSAGES[0].payload)
    assert first
    header = 17
    start = header + len(MESSAGES[0].payload)
    with pytest.raises(PipeBroken):
        read_all(written()[start:])
    with pytest.raises(PipeBroken):
        read_all(written()[:start] * 2)


def test_pipe__nonsense__is_refused_and_not_waited_for() -> None:
    with pytest.raises(PipeBroken):
        read_all(b"ALSA lib pcm.c:8424:(snd_pcm_recover) underrun occurred\n")


def test_message__repr__shows_no_sound() -> None:
    assert "x01" not in repr(MESSAGES[1])
