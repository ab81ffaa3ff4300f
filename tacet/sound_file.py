from pathlib import Path

import av

from app.errors import TacetError


def channels_of(path: Path) -> int:
    """Count the channels of a sound file.

    Raises:
        TacetError: there is no such file, or it holds no sound.
    """
    if not path.is_file():
        raise TacetError(f"There is no file {path}. Name a sound file with --audio.")
    try:
        with av.open(str(path)) as container:
            if container.streams.audio:
                return int(container.streams.audio[0].codec_context.channels)
    except (av.error.FFmpegError, OSError) as error:
        raise TacetError(f"{path} cannot be read as sound. Name a sound file, such as WAV, FLAC or MP3.") from error
    raise TacetError(f"{path} holds no sound. Name a sound file, such as WAV, FLAC or MP3.")
