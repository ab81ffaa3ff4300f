"""Whisper on CTranslate2, through faster-whisper."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

from app.asr.device import Asked, Cuda, Device, choose, driver_is_loaded, on_cpu
from app.asr.engine import Audio, Features
from app.asr.looks import FEW_BEAMS, SEED, Decode, Decoded, Way
from app.asr.transcriber import SAMPLE_RATE_HZ
from app.asr.voice_detector import voice_probabilities
from app.asr.voices import Probabilities

if TYPE_CHECKING:
    from faster_whisper.transcribe import TranscriptionOptions

log = logging.getLogger(__name__)

SAMPLED_AT_ONCE = 1  # each takes 40 MB and its time


class Ct2Engine:
    """CTranslate2's encoder and decoder."""

    def __init__(self, folder: Path, cores: int, at_once: int, device: Device) -> None:
        self.parts = _load(folder, cores, at_once, device)
        self.options = defaults(self.parts)
        self._dear = Lock()  # many beams take so much memory that two at once are too many

    def voice_probabilities(self, audio: Audio) -> Probabilities:
        return voice_probabilities(audio)

    def encode(self, features: Features) -> ctranslate2.StorageView:
        return self.parts.encode(pad_or_trim(features))

    def language(self, encoded: ctranslate2.StorageView) -> str:
        if not self.parts.model.is_multilingual:
            return "en"
        ((likeliest, _), *_) = self.parts.model.detect_language(encoded)[0]
        return str(likeliest).strip("<|>")

    @contextmanager
    def decoding(self, encoded: ctranslate2.StorageView, tokenizer: Tokenizer) -> Iterator[Decode]:
        ctranslate2.set_random_seed(SEED)

        def decode(way: Way) -> Decoded:
            options = replace(
                self.options,
                temperatures=[way.temperature],
                beam_size=way.beams,
                best_of=SAMPLED_AT_ONCE,
                max_new_tokens=way.most,
            )
            with self._dear if way.beams > FEW_BEAMS else nullcontext():
                result, sure, _, repetition = self.parts.generate_with_fallback(encoded, way.prompt, tokenizer, options)
            return Decoded(result.sequences_ids[0], sure, repetition, result.no_speech_prob, encoded)

        yield decode


def found_device(asked: Asked) -> Device:
    return choose(asked, _find_cuda())


def defaults(model: WhisperModel) -> "TranscriptionOptions":
    """Give faster-whisper's own settings, whole."""
    _, info = model.transcribe(np.zeros(SAMPLE_RATE_HZ, np.float32), language="en", word_timestamps=True)
    return info.transcription_options


def _find_cuda() -> Cuda:
    try:
        devices = ctranslate2.get_cuda_device_count()
        types = ctranslate2.get_supported_compute_types("cuda") if devices else ()
    except (RuntimeError, ValueError):  # the driver is older than the build's CUDA
        return Cuda(driver=driver_is_loaded())
    return Cuda(devices, frozenset(types), driver_is_loaded())


def _load(folder: Path, cores: int, at_once: int, device: Device) -> WhisperModel:
    """Load the model; a GPU that fails at the first try, as where a library of it is missing, is left alone."""
    try:
        model = WhisperModel(
            str(folder),
            device=device.kind,
            compute_type=device.compute_type,
            cpu_threads=max(1, cores // at_once),  # a decoder waits for the memory: more threads take room, not time
            num_workers=at_once,
            local_files_only=True,
        )
        if device.kind == "cuda":
            model.encode(pad_or_trim(model.feature_extractor(np.zeros(SAMPLE_RATE_HZ, np.float32))))
    except RuntimeError:
        if device.kind == "cpu":
            raise
        return _load(folder, cores, at_once, on_cpu("the GPU failed at its first try"))
    log.info("%s", device.said)
    return model
