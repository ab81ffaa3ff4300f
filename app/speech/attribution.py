"""Who said which word, from the loudness of two microphones, one nearer each chair. Pure.

Power in the band of the voice (300-3,800 Hz) a channel, its noise floor taken off, smoothed, then compared: a word
belongs to the channel that is louder while it is said. One channel tells nobody apart.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from app.asr.transcriber import SAMPLE_RATE_HZ, Utterance
from app.domain import Segment, Word

FRAME_SAMPLES = SAMPLE_RATE_HZ // 20
VOICE_BAND_HZ = (300, 3_800)
SMOOTHED_FRAMES = 5
FLOOR_PERCENTILE = 10

Turn = tuple[str | None, list[Word]]
Frames = NDArray[np.float64]


def attribute(utterances: Iterable[Utterance], pcm: bytes, channels: int) -> Iterator[tuple[str | None, Utterance]]:
    """Split utterances where the speaker changes.

    Args:
        utterances: words timed from the first sample of `pcm`.
        pcm: interleaved s16le at 16 kHz.
        channels: 1 or 2.

    Yields:
        the speaker ("1" for the first channel, "2" for the second, None for one channel) and their words.
    """
    power = _voice_power(pcm, channels) if channels > 1 else None
    for utterance in utterances:
        if power is None:
            yield None, utterance
            continue
        if not utterance.words:
            yield _louder(power, utterance), utterance
            continue
        speakers = _settled([_louder(power, word) for word in utterance.words], utterance.words)
        turns = [
            list(turn) for _, turn in groupby(zip(speakers, utterance.words, strict=True), key=lambda pair: pair[0])
        ]
        texts = _texts(utterance.text, [[word for _, word in turn] for turn in turns])
        for turn, text in zip(turns, texts, strict=True):
            words = tuple(word for _, word in turn)
            yield turn[0][0], Utterance(words[0].start_ms, words[-1].end_ms, text, words, utterance.path)


def _voice_power(pcm: bytes, channels: int) -> Frames:
    """Shape (frames of 50 ms, channels), above the noise floor."""
    samples = np.frombuffer(pcm, dtype="<i2").reshape(-1, channels).astype(np.float64)
    whole = len(samples) // FRAME_SAMPLES
    if whole == 0:
        return np.zeros((1, channels))
    framed = samples[: whole * FRAME_SAMPLES].reshape(whole, FRAME_SAMPLES, channels)
    spectrum = np.abs(np.fft.rfft(framed * np.hanning(FRAME_SAMPLES)[None, :, None], axis=1)) ** 2
    hertz = np.fft.rfftfreq(FRAME_SAMPLES, 1 / SAMPLE_RATE_HZ)
    band = (hertz >= VOICE_BAND_HZ[0]) & (hertz <= VOICE_BAND_HZ[1])
    power = spectrum[:, band, :].sum(axis=1)
    power = np.maximum(power - np.percentile(power, FLOOR_PERCENTILE, axis=0), 0.0)
    kernel = np.ones(SMOOTHED_FRAMES) / SMOOTHED_FRAMES
    return np.stack([np.convolve(power[:, c], kernel, mode="same") for c in range(channels)], axis=1)


def _louder(power: Frames, said: Word | Utterance) -> str:
    first = min(said.start_ms // 50, len(power) - 1)
    last = max(first + 1, -(-said.end_ms // 50))
    return str(int(np.argmax(power[first:last].sum(axis=0))) + 1)


def _settled(speakers: list[str], words: Sequence[Word]) -> list[str]:
    """Give a single short word between two of the same speaker to that speaker: the times of words are not exact."""
    settled = list(speakers)
    for i in range(1, len(words) - 1):
        alone = settled[i - 1] == speakers[i + 1] != speakers[i]
        if alone and words[i].end_ms - words[i].start_ms < 300:  # noqa: PLR2004  shorter than a spoken "mm-hm"
            settled[i] = settled[i - 1]
    return settled


def _texts(text: str, turns: Sequence[Sequence[Word]]) -> list[str]:
    """Cut the utterance's text, with its own spacing, where the turns change."""
    cuts, position = [], 0
    for turn in turns:
        cuts.append(position)
        for word in turn:
            found = text.find(word.text, position)
            position = found + len(word.text) if found >= 0 else position
    return [text[start:end].strip() for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def segments(
    attributed: Iterator[tuple[str | None, Utterance]], *, first_seq: int, offset_ms: int, model: str
) -> list[Segment]:
    """Number the utterances and place them on the tape's own time."""
    return [
        Segment(
            seq=seq,
            start_ms=offset_ms + utterance.start_ms,
            end_ms=offset_ms + utterance.end_ms,
            speaker=speaker,
            text=utterance.text,
            probability=float(np.mean([word.probability for word in utterance.words])) if utterance.words else 0.0,
            words=tuple(
                Word(offset_ms + word.start_ms, offset_ms + word.end_ms, word.text, word.probability)
                for word in utterance.words
            ),
            model=model,
            path=utterance.path,
        )
        for seq, (speaker, utterance) in enumerate(attributed, start=first_seq)
    ]


def one_channel(pcm: bytes, channels: int, channel: int) -> bytes:
    """What one microphone heard, s16le mono."""
    return np.frombuffer(pcm, dtype="<i2").reshape(-1, channels)[:, channel].tobytes()


def mixed_down(pcm: bytes, channels: int) -> bytes:
    """Mean of the channels, s16le mono: what the transcriber hears."""
    if channels == 1:
        return pcm
    mixed: NDArray[np.int16] = np.frombuffer(pcm, dtype="<i2").reshape(-1, channels).mean(axis=1).astype("<i2")
    return mixed.tobytes()
