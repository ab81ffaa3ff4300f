"""`tacet provision` and `tacet console`, as the units start them."""

import argparse
import os

from tacet.provision.console import console_text
from tacet.provision.provision import Places, provision, run_command
from tacet.settings import load_settings


def run_provision(_: argparse.Namespace) -> int:
    """Always ends well where the box can start: a mistake in the file must not keep it from recording later."""
    os.umask(0o022)
    done = provision(Places(), run_command)
    for sentence in done.sentences:
        print(sentence)
    print(f"This box is {done.name}.")
    return 0


def run_console(args: argparse.Namespace) -> int:
    print(console_text(load_settings(args.config)), flush=True)
    return 0
