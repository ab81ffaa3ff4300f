from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import av

from app.errors import TacetError


def channels_of(path: Path) -> int:
    """Count the channels of a sound file.

    Raises:
        TacetError: there is no such file, or it holds no sound that can be read.
    """
    if not path.is_file():
        raise TacetError(f"There is no file {path}. Name a sound file with --audio.")
    try:
        with av.open(str(path)) as container:
            decoders = [one.codec_context for one in container.streams.audio]
            if decoders and decoders[0] is not None:  # None: PyAV has no decoder for what the file says it holds
                return int(decoders[0].channels)
    except (av.error.FFmpegError, OSError) as error:
        raise TacetError(f"{path} cannot be read as sound. Name a sound file, such as WAV, FLAC or MP3.") from error
    raise TacetError(f"{path} holds no sound that can be read. Name a sound file, such as WAV, FLAC or MP3.")


def blocks_of(path: Path, channels: int, rate_hz: int = 16_000) -> Iterator[bytes]:
    """Decode a sound file bit by bit, as interleaved s16le; flat memory.

    Raises:
        TacetError: what comes cannot be decoded.
    """
    resampler = av.AudioResampler(format="s16", layout="mono" if channels == 1 else "stereo", rate=rate_hz)
    try:
        with av.open(str(path)) as container:
            for frame in chain(container.decode(audio=0), (None,)):
                for part in resampler.resample(frame):
                    yield part.to_ndarray().tobytes()
    except (av.error.FFmpegError, OSError) as error:
        raise TacetError(f"{path} is damaged and cannot be read to its end.") from error


def seconds_of(path: Path) -> float | None:
    """Tell how long the file says it is; None where it does not say."""
    with av.open(str(path)) as container:
        return container.duration / av.time_base if container.duration else None
