import os
from pathlib import Path

from firmware.tape.durable import READABLE_FILE, sync_folder, write_all
from firmware.tape.segment_keys import MAX_RECORDS, SegmentKeys
from firmware.tape.stream import TAG_BYTES, SegmentHeader, SegmentSeal


def segment_name(number: int) -> str:
    return f"{number:06d}.seg"


class SegmentFile:
    """One segment while it is written: the only place that appends to a tape. One thread. Handles speech in clear.

    `append` returns when the record is durable. When it raises, nothing of the record is left in the file (the folder,
    for the first record) unless `is_torn`; the index is spent either way, so the segment must not be used again.
    """

    def __init__(self, folder: Path, header: SegmentHeader, session_key: bytes) -> None:
        self._folder = folder
        self._path = folder / segment_name(header.number)
        self._seal = SegmentSeal.of(header, SegmentKeys.new())
        self._opening = self._seal.opening(session_key)
        self._fd = -1
        self._last_tag = b""
        self.records = 0
        self.bytes = len(self._opening)  # durable so far, or would be the first record's place
        self.is_torn = False

    @property
    def is_almost_full(self) -> bool:
        """Whether the next record is the last one that there is a key for."""
        return self.records == MAX_RECORDS - 1

    def append(self, plaintext: bytes, *, final: bool) -> None:
        """Seals, writes and syncs one record; where it `is_almost_full`, a final one.

        Raises:
            OSError: the record is not sealed.
        """
        record = self._seal.seal(self.records, plaintext, final=final)
        try:
            self._write(record)
        except OSError:
            self._take_back()
            raise
        self._last_tag = record[-TAG_BYTES:]
        self.records += 1

    def _write(self, record: bytes) -> None:
        is_first = self._fd < 0
        if is_first:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._fd = os.open(self._path, flags, READABLE_FILE)
            record = self._opening + record
        write_all(self._fd, record)
        os.fdatasync(self._fd)
        if is_first:
            sync_folder(self._folder)
        self.bytes = len(record) if is_first else self.bytes + len(record)

    def _take_back(self) -> None:
        try:
            if not self.records:
                self._path.unlink(missing_ok=True)
                sync_folder(self._folder)
            elif os.fstat(self._fd).st_size != self.bytes:
                os.ftruncate(self._fd, self.bytes)
                os.fdatasync(self._fd)
        except OSError:
            self.is_torn = True

    def link(self) -> bytes:
        """What the next segment's header says of this one."""
        return self._seal.header.link_after(self.records, self._last_tag)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
