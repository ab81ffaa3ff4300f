"""A process that writes a tape and says which records were acknowledged, to be killed or run into a full disk.

    python scribe.py TAPES_DIR SESSION_ID RATE_HZ RECORDS FILE_LIMIT_BYTES

Prints the number of each sound record after it was acknowledged, "full" when the disk is, "closed" at the end.
"""

import resource
import sys
from pathlib import Path

from support.tapes import new_tape, noise

from firmware.tape import ConsentEvent, TapeFull, TapeWriter


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def write_records(writer: TapeWriter, rate_hz: int, records: int) -> None:
    writer.append_consent(ConsentEvent.GIVEN)
    for number in range(records):
        writer.append_audio(noise(rate_hz, number))
        say(number)
        if number % 5 == 4:
            writer.append_consent(ConsentEvent.PAUSED)
            writer.append_consent(ConsentEvent.RESUMED)


def main() -> None:
    tapes_dir, session_id, rate_hz, records, limit_bytes = sys.argv[1:]
    if int(limit_bytes):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit_bytes), int(limit_bytes)))
    writer = new_tape(Path(tapes_dir), session_id, rate_hz=int(rate_hz), segment_s=3)
    try:
        write_records(writer, int(rate_hz), int(records))
    except TapeFull:
        writer.append_fault("disk_full")
        say("full")
    writer.close()
    say("closed")


if __name__ == "__main__":
    main()
