"""The documentation of tacet.toml, made from the settings classes and the comments beside their fields."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from tacet.config.check import DEFAULT_PLACES, PLACES, SECTIONS

_FIELD = re.compile(r"\s{4}(\w+):[^#]*(?:#\s(?!noqa)(.*))?")
_NOQA = re.compile(r"\s*noqa: \S+\s+")
_HEAD = """# Settings of a box

Made from the program by `tacet config schema`. One file, `tacet.toml`, on the boot partition. Every setting has a
default, so an empty file is right. Check it on your own machine: `tacet config check tacet.toml`.

Folders, at the top of the file, before any section; leave them alone on a box:

| setting | default |
|---|---|
"""


def markdown() -> str:
    places = "".join(f'| `{name}` | `"{path}"` |\n' for name, path in DEFAULT_PLACES.items())
    return _HEAD + places + "".join(_section(name, model) for name, model in SECTIONS.items())


def _section(name: str, model: type[BaseModel]) -> str:
    about = inspect.cleandoc(model.__doc__ or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")
    rows = "".join(_rows(model, PLACES[name]))
    return f"\n## [{name}]\n\n{about}\n\n| setting | may be | default | what it is |\n|---|---|---|---|\n{rows}"


def _rows(model: type[BaseModel], left_out: tuple[str, ...]) -> Iterator[str]:
    comments = _comments(model)
    for name, schema in model.model_json_schema()["properties"].items():
        if name in left_out:
            continue
        default = model.model_fields[name].get_default(call_default_factory=True)
        yield f"| `{name}` | {_may_be(schema)} | {_default(default)} | {comments.get(name, '')} |\n"


def _comments(model: type[BaseModel]) -> dict[str, str]:
    found = (_FIELD.fullmatch(line) for line in inspect.getsource(model).splitlines())
    return {one[1]: _NOQA.sub("", one[2]).replace("|", "or") for one in found if one and one[2]}


def _may_be(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        kinds = dict.fromkeys(_may_be(one) for one in schema["anyOf"] if one.get("type") != "null")
        return " or ".join(kinds)
    if "enum" in schema:
        return ", ".join(f"`{_toml(one)}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_may_be(schema['items'])}"
    words = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "object": "table",
    }
    word = {"path": "path", "ipv4": "IPv4 address", "ipv6": "IPv6 address"}.get(schema.get("format", ""))
    word = word or {"ipv4interface": "IPv4 address/prefix", "ipv6interface": "IPv6 address/prefix"}.get(
        schema.get("format", ""), words.get(schema.get("type", ""), "value")
    )
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{word}, {low:g} to {high:g}"
    return f"{word}, at least {low:g}" if low is not None else word


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "needed"
    return "none" if value is None or value in ("", (), {}) else f"`{_toml(value)}`"


def _toml(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value).replace("'", '"')
