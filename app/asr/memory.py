"""How this process gets memory from the system."""

import ctypes
import mmap
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

# glibc's mallopt(3)
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -2, -3, -4, -8
_SPARE_BYTES = 64 << 20
_LARGE_BYTES = 768 << 10  # a window's spectrogram is larger, what a step asks for smaller
_KEPT_BYTES = 16 << 20
_OWN_MAPPINGS, _PATH_PLACE = Path("/proc/self/smaps"), 4  # behind the range
_UNWRITABLE = ("r--p", "r-xp")


def keep_freed() -> None:
    """Keep memory that was freed for the next window, where the C library is glibc.

    Whisper asks for 70 MB at a time, hundreds of times a window. Given back to the system each time, as glibc does by
    itself, every page has to be zeroed and mapped anew: a quarter of the encoder's time.
    """
    _set((_MMAP_MAX, 0), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, _SPARE_BYTES))


def share_freed() -> None:
    """Let all threads take from what any of them has freed. Before the first of them begins."""
    _set((_ARENA_MAX, 1))


def return_large() -> None:
    """Give what is large back as soon as it is freed: otherwise glibc learns to keep it, and it lies about in pieces.

    For a decoder, which asks for few large pieces a window. Smaller ones are kept, or every step would map them anew:
    by itself glibc lets its heap grow and shrink in steps of 128 KB, and one text's scores are 200.
    """
    _set((_MMAP_THRESHOLD, _LARGE_BYTES), (_TRIM_THRESHOLD, _KEPT_BYTES), (_TOP_PAD, _KEPT_BYTES))


def give_back() -> None:
    """Give what loading has freed back to the system."""
    if malloc_trim := _of_glibc("malloc_trim"):
        malloc_trim(0)


def let_go_of_files() -> None:
    """Let go of what loading has read of libraries: 60 MB of code that only it runs. What is needed is mapped again.

    Only of what is as it is in its file, as all else would be lost. While no other thread unmaps anything.
    """
    if madvise := _of_glibc("madvise"):
        with suppress(OSError):
            for start, end in unchanged(_OWN_MAPPINGS.read_text()):
                madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_DONTNEED)


def unchanged(mappings: str) -> Iterator[tuple[int, int]]:
    """Give from where to where files are mapped of which this process has changed nothing, in memory or swapped out.

    Args:
        mappings: as in proc(5), smaps.
    """
    start, end, is_candidate = 0, 0, False
    for first, *rest in map(str.split, mappings.splitlines()):
        if not first.endswith(":"):
            start, end = (int(edge, 16) for edge in first.split("-"))
            path = rest[_PATH_PLACE] if len(rest) > _PATH_PLACE else ""
            is_candidate = rest[0] in _UNWRITABLE and path.startswith("/") and not path.startswith("/dev/")
        elif first == "Anonymous:":
            is_candidate = is_candidate and rest[0] == "0"
        elif first == "Swap:" and is_candidate and rest[0] == "0":
            yield start, end


def _set(*options: tuple[int, int]) -> None:
    if mallopt := _of_glibc("mallopt"):
        for option, value in options:
            mallopt(option, value)


def _of_glibc(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None)
