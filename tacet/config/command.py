"""`tacet config check|schema|fleet`: for clinic IT, on any machine; needs no box."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from app.durable import write_private
from app.errors import TacetError
from tacet.config.check import check_bytes, check_text
from tacet.config.fleet import device_files
from tacet.config.schema import markdown
from tacet.provision.wired import FOLDER, look
from tacet.provision.wired_file import FILE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check", help="name every mistake in a tacet.toml, and in 8021x/ beside it, with its line and what to do"
    )
    check.add_argument("file", type=Path, metavar="FILE")
    check.add_argument("--json", action="store_true", help="print one JSON array")
    check.set_defaults(run=_check)
    schema = commands.add_parser("schema", help="print all settings, as docs/configuration.md has them")
    schema.set_defaults(run=_schema)
    fleet = commands.add_parser("fleet", help="make a tacet.toml for each box of a CSV table")
    fleet.add_argument("table", type=Path, metavar="TABLE.csv")
    fleet.add_argument("--common", type=Path, metavar="FILE", help="what all of them have in common (default: nothing)")
    fleet.add_argument("--into", type=Path, required=True, metavar="DIR", help="a folder a box is made in it")
    fleet.set_defaults(run=_fleet)


def _check(args: argparse.Namespace) -> int:
    wired = args.file.parent / FOLDER / FILE
    _, problems = check_bytes(_read(args.file))
    found = [(args.file, problem) for problem in problems]
    if given := _read(wired) if wired.exists() else b"":
        found += [(wired, problem) for problem in look(wired.parent, None, given)[0]]
    if args.json:
        print(json.dumps([{"file": str(file)} | asdict(problem) for file, problem in found], indent=1))
    else:
        for file, problem in found:
            print(f"{file}, {problem}")
        if not found:
            print(f"{args.file} is right{', and so is ' + str(wired) if given else ''}.")
    return 1 if found else 0


def _schema(_: argparse.Namespace) -> int:
    sys.stdout.write(markdown())
    return 0


def _fleet(args: argparse.Namespace) -> int:
    common = _text(args.common) if args.common else ""
    _, problems = check_text(common)
    if problems:
        raise TacetError(f"{args.common}, {problems[0]}")
    files = device_files(_text(args.table), common)
    if taken := [file.name for file in files if (args.into / file.name / "tacet.toml").exists()]:
        raise TacetError(f"{args.into / taken[0]} is already there. Name an empty folder with --into.")
    for file in files:
        folder = args.into / file.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_private(folder / "tacet.toml", file.text.encode())  # clinic IT's code may stand in it
        except OSError as error:
            what = f"{folder} cannot be made ({error.strerror})."
            raise TacetError(f"{what} Name another folder with --into.") from error
    print(f"{len(files)} files in {args.into}: copy each onto the boot partition of its box.")
    return 0


def _text(path: Path) -> str:
    try:
        return _read(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TacetError(f"{path} is not UTF-8. Save it as UTF-8.") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TacetError(f"{path} cannot be read ({error.strerror}). Name a file that is there.") from error
