"""What is wrong with a configuration file: where, what, and what to do. Pure."""

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True)
class Problem:
    line: int  # from 1
    setting: str  # "[section] key"; empty where the file is no TOML
    sentence: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.setting} " if self.setting else ""
        return f"line {self.line}: {where}{self.sentence} {self.remedy}"


_AT_LINE = re.compile(r"\s*\(at line (\d+), column (\d+)\)")
_TYPE_WORDS = {
    "int": "a whole number without quotes",
    "float": "a number without quotes",
    "bool": "true or false, without quotes and in small letters",
    "string": 'text in straight quotes, like "this"',
    "path": 'a path in straight quotes, like "/var/lib/tacet"',
    "tuple": 'a list in square brackets, like ["192.168.7.1"]',
    "model": "a section: a line with its name in square brackets, its settings below",
    "dict": "a section: a line with its name in square brackets, its settings below",
}


_NAME_SHAPE = "Use small letters a to z, digits, and - between them."
_SHAPES = {  # of settings that are more than a name
    "server": 'Write a folder of a web server, like "https://updates.clinic.example/tacet".',
    "certificate_sha256": "Write the 64 hexadecimal digits of the server's certificate, with or without colons.",
    "sftp": 'Write user, server and folder, like "backup@nas.clinic.example/tacet".',
    "sftp_host_key": 'Write a line of `ssh-keyscan HOST` without the host, like "ssh-ed25519 AAAAC3...".',
    "at": 'Write a time of day, like "02:00".',
    "lock_at": 'Write a time of day, like "03:00".',
    "interface": 'Write the port\'s name, like "enp1s0".',
    "time_servers": 'Write names or addresses, like ["ntp.clinic.example"].',
    "note_model_sha256": "Write 64 hexadecimal digits.",
}
_SYNTAX: tuple[tuple[str, str, str, str], ...] = (  # what tomllib says, how the line looks, and what that means
    ("", "[\u201c\u201d\u201e]", "The quotes are typographic.", 'Type straight ones: "like this".'),
    ("Cannot (overwrite|declare)", "", "This setting or section stands in the file twice.", "Keep one of the two."),
    ("", r"^\s*\[[^\]]*$", "A square bracket is not closed.", "Add the missing ]."),
    (
        "Unescaped|Illegal character|Unterminated",
        "",
        "A text does not end, or holds a \\.",
        "Close the quote; write / or \\\\ for \\.",
    ),
    ("Invalid value", "", "The value cannot be read.", 'Put text into straight quotes: name = "tacet-room-3".'),
    ("", "^[^=]*$", "This is neither a setting nor a comment.", "Write name = value, or put a # before it."),
    ("", "", "This is not valid TOML.", "Write one setting on the line: name = value."),
)


def of_syntax(error: tomllib.TOMLDecodeError, text: str) -> Problem:
    """What keeps the file from being TOML at all."""
    at = _AT_LINE.search(str(error))
    lines = text.splitlines() or [""]
    line = min(int(at[1]), len(lines)) if at else len(lines)
    for said, looks, sentence, remedy in _SYNTAX:
        if re.search(said, str(error)) and re.search(looks, lines[line - 1]):
            return Problem(line, "", sentence, remedy)
    raise AssertionError("the last row fits everything")


def of_value(error: ErrorDetails, known: Collection[str]) -> tuple[str, str]:
    """Sentence and remedy for what pydantic found. `known` are the names that could stand there."""
    kind, context = error["type"], error.get("ctx", {})
    match kind:
        case "extra_forbidden":
            found = "is not a setting of this version.", _did_you_mean(str(error["loc"][-1]), known)
        case "literal_error":
            found = "is none of the choices.", f"Write {context['expected']}."
        case "value_error":
            sentence, _, remedy = str(context.get("error", error["msg"])).rstrip(".").partition("; ")
            found = f"{sentence}.", f"{remedy[:1].upper()}{remedy[1:]}." if remedy else "Correct that line."
        case "string_pattern_mismatch":
            found = "is not written as it has to be.", _shape(error["loc"])
        case _ if kind.startswith("ip_"):
            found = (
                "is no IP address.",
                'Write one like "192.168.7.20", the box\'s own as "192.168.7.20/24".',
            )
        case _:
            found = _of_kind(kind, context) or (f"{error['msg'].rstrip('.')}.", "Correct that line.")
    return found


def _of_kind(kind: str, context: Mapping[str, object]) -> tuple[str, str] | None:
    for word, remedy in _TYPE_WORDS.items():
        if kind.startswith((f"{word}_type", f"{word}_parsing", f"{word}_from_float", f"{word}_attributes")):
            return "is of the wrong kind.", f"Write {remedy}."
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than", "max_length": "at most"}
    bounds = [f"{words[name]} {value}" for name, value in context.items() if name in words]
    unit = " characters" if "max_length" in context else ""
    return ("is out of its bounds.", f"Write {' and '.join(bounds)}{unit}.") if bounds else None


def _shape(place: tuple[int | str, ...]) -> str:
    return next((_SHAPES[str(one)] for one in place if str(one) in _SHAPES), _NAME_SHAPE)


def _did_you_mean(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"Did you mean {near[0]}?" if near else "Take the line out."
