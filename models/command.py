"""`tacet models list|fetch|verify`: what clinic IT types. Results go to stdout, progress and problems to stderr."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from models.errors import ModelError, ModelMissing, ModelUnknown
from models.fetch import fetch, usual_sources
from models.installed import ModelState, state_of, verify
from models.manifest import Manifest, Model, read_manifest
from models.progress import shown_on
from models.room import megabytes
from models.source import Source

OK, PROBLEM, USAGE = 0, 1, 2

_SHOWN = {
    ModelState.INSTALLED: "installed",
    ModelState.UNVERIFIED: "there, not verified yet",
    ModelState.DAMAGED: "damaged",
    ModelState.ABSENT: "no",
}


def add_arguments(parser: argparse.ArgumentParser, default_dir: Path) -> None:
    """Describe the command to a parser. The models folder is TACET_MODELS_DIR's, or else `default_dir`."""
    folder = Path(os.environ.get("TACET_MODELS_DIR") or default_dir)
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|fetch|verify")
    listing = actions.add_parser("list", help="which models there are, and which are installed")
    fetching = actions.add_parser("fetch", help="bring models here and verify them")
    verifying = actions.add_parser("verify", help="read every byte of the installed models again")
    fetching.add_argument(
        "--from", dest="from_folder", type=Path, metavar="DIR", help="look in this folder or USB stick first"
    )
    for action in (listing, fetching, verifying):
        action.add_argument("names", nargs="*", metavar="NAME", help="models; without names, the obvious ones")
        action.add_argument("--models-dir", type=Path, default=folder, metavar="DIR", help="default: %(default)s")
        action.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, manifest: Manifest | None = None, sources: Sequence[Source] | None = None) -> int:
    """Do what was asked. Returns the exit code: 0 done, 1 a problem, 2 asked wrongly; never a traceback."""
    try:
        manifest = manifest or read_manifest()
        models = [manifest.find(name) for name in args.names]
        match args.action:
            case "list":
                return _list(models or list(manifest.models), args)
            case "fetch":
                usual = usual_sources(args.from_folder) if sources is None else sources
                return _fetch(models or [manifest.find(manifest.default)], args, usual)
            case _:
                return _verify(models or _present(manifest, args), args)
    except ModelUnknown as error:
        return _complain(str(error), USAGE)
    except ModelError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return _complain("Stopped. Run it again to go on.")


def _list(models: Sequence[Model], args: argparse.Namespace) -> int:
    states = [state_of(args.models_dir, model) for model in models]
    if args.json:
        _print_json([_described(model, state, args) for model, state in zip(models, states, strict=True)])
        return OK
    rows = [("NAME", "SIZE", "LANGUAGES", "LICENCE", "HERE", "WHAT FOR")]
    for model, state in zip(models, states, strict=True):
        size = megabytes(model.size_bytes)
        rows.append((model.name, size, model.languages, model.licence, _SHOWN[state], model.purpose))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        _print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return OK


def _described(model: Model, state: ModelState, args: argparse.Namespace) -> dict[str, object]:
    facts = model.model_dump(include={"name", "repo", "revision", "licence", "languages", "purpose"})
    folder = str(args.models_dir / model.name)
    return facts | {"size_bytes": model.size_bytes, "state": state.value, "folder": folder}


def _fetch(models: Sequence[Model], args: argparse.Namespace, sources: Sequence[Source]) -> int:
    results = []
    for model in models:
        fetched = fetch(model, args.models_dir, sources, shown_on(sys.stderr))
        for refusal in fetched.refusals:
            sys.stderr.write(f"Note: {refusal}\n")
        results.append({"name": model.name, "folder": str(fetched.folder), "from": list(fetched.delivered)})
        if not args.json:
            origin = f"from {' and '.join(fetched.delivered)}" if fetched.delivered else "already there"
            _print(f"{model.name} is in {fetched.folder}, verified ({origin}).")
    if args.json:
        _print_json(results)
    return OK


def _verify(models: Sequence[Model], args: argparse.Namespace) -> int:
    results = [(model, _problem(model, args.models_dir)) for model in models]
    if args.json:
        _print_json([{"name": model.name, "ok": problem is None, "problem": problem} for model, problem in results])
    for model, problem in results:
        if problem is not None:
            _complain(problem)
        elif not args.json:
            _print(f"{model.name} is right, every byte of it ({megabytes(model.size_bytes)}).")
    return PROBLEM if any(problem for _, problem in results) else OK


def _present(manifest: Manifest, args: argparse.Namespace) -> list[Model]:
    """The models of which at least something is there.

    Raises:
        ModelMissing: there are none.
    """
    present = [model for model in manifest.models if state_of(args.models_dir, model) is not ModelState.ABSENT]
    if not present:
        raise ModelMissing(f"There is no speech model in {args.models_dir}. Run: tacet models fetch")
    return present


def _problem(model: Model, models_dir: Path) -> str | None:
    try:
        verify(models_dir, model, shown_on(sys.stderr))
    except ModelError as error:
        return str(error)
    return None


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _print_json(value: object) -> None:
    _print(json.dumps(value, indent=2))


def _complain(sentence: str, code: int = PROBLEM) -> int:
    sys.stderr.write(f"{sentence}\n")
    return code
