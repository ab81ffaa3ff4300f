"""`tacet notes draft`: a draft note of a transcript in a file. Speech in clear, on standard output only."""

import argparse
import json
from pathlib import Path
from typing import Any

from app.errors import TacetError
from app.notes.draft import as_json, as_text
from app.notes.extractive import draft_extractive
from app.notes.formats import all_formats, find_format, read_own_formats
from app.notes.transcript import read_transcript


def run_draft(args: argparse.Namespace) -> int:
    """Print the draft of args.transcript, as JSON with args.json."""
    own = read_own_formats(_text_of(args.formats)) if args.formats else {}
    note_format = find_format(args.format, all_formats(own))
    draft = draft_extractive(read_transcript(_document(args.transcript)), args.format, note_format)
    print(json.dumps(as_json(draft), ensure_ascii=False) if args.json else as_text(draft))
    return 0


def _document(path: Path) -> Any:
    try:
        return json.loads(_text_of(path))
    except (json.JSONDecodeError, RecursionError):
        raise TacetError(f"{path} is no JSON, so there is no transcript to read in it.") from None


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise TacetError(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError):
        raise TacetError(f"{path} cannot be read as text.") from None
