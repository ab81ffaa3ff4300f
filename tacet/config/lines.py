"""Where in a TOML file a setting stands, so that an error can name the line. Pure."""

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_\-\"'.]+)\s*=")
_LONG_STRING = re.compile(r'"""|\'\'\'')


def line_of(text: str, setting: Sequence[str]) -> int:
    """The line (from 1) of `("section", "key")` or `("key",)`; of the section where the key is not there, else 1.

    Knows the shapes that this file has: headers of one level, keys, dotted keys, and strings over several lines.
    """
    places = _places(text)
    wanted = tuple(setting)
    while wanted:
        if wanted in places:
            return places[wanted]
        wanted = wanted[:-1]
    return 1


def _places(text: str) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}
    section: tuple[str, ...] = ()
    inside = False  # a string over several lines
    for number, line in enumerate(text.splitlines(), 1):
        was_inside, inside = inside, inside != bool(len(_LONG_STRING.findall(line)) % 2)
        if was_inside:
            continue
        if header := _HEADER.match(line):
            section = _names(header[1])
            found.setdefault(section, number)
        elif key := _KEY.match(line):
            names = section + _names(key[1])
            for depth in range(len(section) + 1, len(names) + 1):
                found.setdefault(names[:depth], number)
    return found


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
