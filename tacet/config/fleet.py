"""Many boxes: a table of names and what differs makes a tacet.toml for each, from one common file."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.errors import TacetError
from tacet.config.check import check_text

COLUMNS = {  # of the table -> where it stands in the file
    "name": ("box", "name"),
    "room": ("box", "room"),
    "it_code": ("box", "it_code"),
    "address": ("network", "address"),
    "gateway": ("network", "gateway"),
    "device": ("recorder", "device"),
    "channels": ("recorder", "channels"),
}
NUMBERS = ("channels",)


@dataclass(frozen=True, slots=True)
class DeviceFile:
    name: str
    text: str = field(repr=False)


def device_files(table: str, common: str) -> list[DeviceFile]:
    """A file a row. All of them are right, or none is given.

    Raises:
        TacetError: names the row, as the line of the table, and what to do.
    """
    reader = csv.DictReader(io.StringIO(table.removeprefix("\ufeff")), delimiter=_delimiter(table))
    columns = [column.strip() for column in reader.fieldnames or ()]
    reader.fieldnames = columns
    if "name" not in columns:
        raise TacetError(f"The table has no column name. Its first line names the columns: {', '.join(COLUMNS)}.")
    if unknown := [column for column in columns if column not in COLUMNS]:
        raise TacetError(f"The table's column {unknown[0]!r} is unknown. There are: {', '.join(COLUMNS)}.")
    found = list(_files(reader, common))
    names = [file.name for file in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise TacetError(f"The name {twice[0]} stands in the table twice. Give every box a name of its own.")
    if not found:
        raise TacetError("The table has no rows. Add one for each box below the line of the columns.")
    return found


def _delimiter(table: str) -> str:
    """Where the decimal point is a comma, spreadsheets write semicolons."""
    first = table.partition("\n")[0]
    return ";" if ";" in first and "," not in first else ","


def _files(reader: "csv.DictReader[str]", common: str) -> Iterator[DeviceFile]:
    for row in reader:
        if None in row or None in row.values():
            raise TacetError(f"Line {reader.line_num} of the table has not as many fields as the first. Mend it.")
        values = {column: value.strip() for column, value in row.items() if value.strip()}
        if "name" not in values:
            raise TacetError(f"Line {reader.line_num} of the table has no name. Give that box one.")
        text = _with(common, values)
        _, problems = check_text(text)
        if problems:
            what = f"{problems[0].setting} {problems[0].sentence} {problems[0].remedy}"
            raise TacetError(f"Line {reader.line_num} of the table ({values['name']}): {what}")
        yield DeviceFile(values["name"], text)


def _with(common: str, values: dict[str, str]) -> str:
    """The common file with this box's settings at the head of their sections, in place of the common ones."""
    text = common
    if "address" in values:
        text = _set(text, "network", "method", '"static"')
    for column, value in values.items():
        section, key = COLUMNS[column]
        written = value if column in NUMBERS else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        text = _set(text, section, key, written)
    return text


def _set(text: str, section: str, key: str, value: str) -> str:
    header = re.compile(rf"^\s*\[\s*{section}\s*\].*$", re.MULTILINE)
    begin = header.search(text)
    if begin is None:
        return f"{text.rstrip()}\n\n[{section}]\n{key} = {value}\n"
    rest = text[begin.end() :]
    end = re.search(r"^\s*\[", rest, re.MULTILINE)
    body, after = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    body = re.sub(rf"^\s*{key}\s*=.*\n?", "", body, flags=re.MULTILINE)
    return f"{text[: begin.end()]}\n{key} = {value}\n{body.removeprefix(chr(10))}{after}"
