import logging
import os
import signal
import sys

from app.asr.pace import hottest_c, rest_s
from app.asr.server import TranscriberServer, listen
from app.asr.settings import AsrSettings
from app.asr.transcriber import Transcriber
from app.asr.voiceprints import VoicePrinter
from app.own_log import begin_log
from app.systemd import handed_over_socket
from models import locate


def main(settings: AsrSettings) -> int:
    """Run the asr process: no keys, no network, nothing written but its socket."""
    begin_log("asr")
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    def load() -> Transcriber:
        from app.asr.whisper import WhisperTranscriber  # noqa: PLC0415  a second of imports, after the socket is up

        folder = locate(settings.models_dir, settings.model)
        return WhisperTranscriber(folder, settings.model, settings.threads, settings.device)

    def load_printer() -> VoicePrinter:
        from app.asr.campplus import CampPlusPrinter  # noqa: PLC0415  only where there is one microphone

        return CampPlusPrinter(locate(settings.models_dir, "campplus"))

    listener = handed_over_socket(os.environ) or listen(settings.run_dir / "asr.sock")
    server = TranscriberServer(
        listener, load, load_printer, lambda worked_s: rest_s(worked_s, hottest_c(), settings.warm_c)
    )
    server.warm_up()
    server.serve_forever()
    return 0
