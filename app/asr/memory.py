"""How this process gets memory from the system."""

import ctypes
from collections.abc import Callable

# glibc's mallopt(3)
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -2, -3, -4, -8
_SPARE_BYTES = 64 << 20
_LARGE_BYTES = 3 << 18
_KEPT_BYTES = 16 << 20


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


def _set(*options: tuple[int, int]) -> None:
    if mallopt := _of_glibc("mallopt"):
        for option, value in options:
            mallopt(option, value)


def _of_glibc(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None)
