import logging
import os
import signal
import sys
from functools import partial
from pathlib import Path

from app.asr.pace import hottest_c, rest_s
from app.asr.server import Second, TranscriberServer, listen
from app.asr.settings import AsrSettings
from app.asr.transcriber import SecondModel, Transcriber, called
from app.asr.voiceprints import VoicePrinter
from app.own_log import begin_log
from app.systemd import handed_over_socket
from models import ModelError, ModelUnknown, locate
from models.manifest import read_manifest


def main(settings: AsrSettings) -> int:
    """Run the asr process: no keys, no network, nothing written but its socket."""
    begin_log("asr")
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    def load(model: str) -> Transcriber:
        from app.asr.whisper import WhisperTranscriber  # noqa: PLC0415  a second of imports, after the socket is up

        folder = locate(settings.models_dir, model)
        return WhisperTranscriber(folder, model, settings.threads, settings.device)

    def load_printer() -> VoicePrinter:
        from app.asr.campplus import CampPlusPrinter  # noqa: PLC0415  only where there is one microphone

        return CampPlusPrinter(locate(settings.models_dir, "campplus"))

    listener = handed_over_socket(os.environ) or listen(settings.run_dir / "asr.sock")
    name = settings.second_model
    second = Second(partial(_told, settings.models_dir, name), partial(load, name)) if name else None

    def rest(worked_s: float) -> float:
        return rest_s(worked_s, hottest_c(), settings.warm_c)

    server = TranscriberServer(listener, partial(load, settings.model), load_printer, rest, second)
    server.warm_up()
    server.serve_forever()
    return 0


def _told(models_dir: Path, name: str) -> SecondModel:
    try:
        size_bytes = read_manifest().find(name).size_bytes
        locate(models_dir, name)
    except ModelUnknown as error:
        return SecondModel(called(name), 0, str(error))
    except ModelError as error:
        return SecondModel(called(name), size_bytes, str(error))
    return SecondModel(called(name), size_bytes)
