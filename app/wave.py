"""The head of a WAV file of 16-bit samples. Pure.

Source: "Multimedia Programming Interface and Data Specifications 1.0" (RIFF WAVE).
"""

import struct

HEADER_BYTES = 44
SAMPLE_BYTES = 2


def wave_header(rate_hz: int, channels: int, samples: int) -> bytes:
    """Of a file with that many frames, the channels interleaved."""
    frame_bytes = channels * SAMPLE_BYTES
    sound_bytes = samples * frame_bytes
    form = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * frame_bytes, frame_bytes, 8 * SAMPLE_BYTES)
    return (
        struct.pack("<4sI4s", b"RIFF", HEADER_BYTES - 8 + sound_bytes, b"WAVE")
        + struct.pack("<4sI", b"fmt ", len(form))
        + form
        + struct.pack("<4sI", b"data", sound_bytes)
    )
