"""The one command line: `tacet`. Only wires; each command's work stands in its own file."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from app.errors import TacetError
from firmware.errors import FirmwareError
from models import ModelError

CHECKOUT = Path(__file__).resolve().parent.parent
CONFIG = Path("/etc/tacet/tacet.toml")

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an error that people can mend is one sentence on standard error and exit code 1."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = _parser(given[0] if given else "")
    args = parser.parse_args(given)
    if "run" not in args:
        parser.print_help(sys.stderr)
        return 2
    try:
        run: Command = args.run
        return run(args)
    except (TacetError, FirmwareError, ModelError) as error:
        print(f"tacet: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def default_models_dir() -> Path:
    """Where models are: the environment's TACET_MODELS_DIR, the checkout's build folder, or the installed place."""
    if "TACET_MODELS_DIR" in os.environ:
        return Path(os.environ["TACET_MODELS_DIR"])
    return CHECKOUT / "build/models" if (CHECKOUT / "Makefile").exists() else Path("/usr/share/tacet/models")


def _parser(wanted: str = "") -> argparse.ArgumentParser:
    """Knows all commands by name, and the arguments of the wanted one: a daemon loads no other command's programs."""
    parser = argparse.ArgumentParser(prog="tacet", description="The recording box that stays in the therapy room.")
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, (words, add) in _COMMANDS.items():
        command = commands.add_parser(name, help=words)
        if name == wanted:
            add(command)
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.description = "Run recorder, app and asr on this machine, and start again what ends. Ctrl-C ends all of it."
    parser.add_argument(
        "--simulate", action="store_true", help="a button and a light on a page, the demo session as room"
    )
    parser.add_argument(
        "--mic", nargs="?", const="", metavar="NAME", help="listen to a real microphone, also with --simulate"
    )
    parser.add_argument("--audio", type=Path, metavar="FILE", help="with --simulate: what the room plays")
    parser.add_argument("--channels", type=int, choices=(1, 2), help="microphones; two tell two speakers apart")
    parser.add_argument(
        "--data", type=Path, default=CHECKOUT / "build/box", metavar="DIR", help="where the box keeps all"
    )
    parser.add_argument("--host", default="0.0.0.0", help="address of the page (default: all of this machine)")  # noqa: S104
    parser.add_argument("--port", type=int, default=8443, help="of the page (default 8443)")
    parser.add_argument("--box-port", type=int, default=8480, help="of the picture of the box (default 8480)")
    parser.add_argument("--backup-to", type=Path, metavar="DIR", help="make a backup there every night")
    parser.add_argument("--name", default="tacet", help="the page is https://NAME.local (default tacet)")
    parser.add_argument("--model", default="base", help="speech model (default base); see: tacet models list")
    parser.set_defaults(run=_run, models_dir=default_models_dir())


def _run(args: argparse.Namespace) -> int:
    from tacet.run import run_box  # noqa: PLC0415  each command imports its own

    return run_box(args)


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Start the box in a temporary folder, press its button, play FILE as the room, stop, wait for the transcript."
    )
    parser.add_argument("--audio", type=Path, required=True, metavar="FILE", help="any audio file")
    parser.add_argument("--speed", type=float, default=1.0, metavar="N", help="times as fast as real (default 1)")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object, with the speaker of each line and word",
    )
    parser.add_argument(
        "--channels", type=int, choices=(1, 2), help="microphones (default: as many as FILE has, at most 2)"
    )
    parser.add_argument("--model", default="base", help="speech model (default base)")
    parser.set_defaults(run=_demo, models_dir=default_models_dir())


def _demo(args: argparse.Namespace) -> int:
    from tacet.demo import run_demo  # noqa: PLC0415  same

    return run_demo(args)


def _add_tape(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    inspect = commands.add_parser("inspect", help="head, segments, consent, gaps and damage of a tape; never its sound")
    inspect.add_argument("folder", type=Path, metavar="FOLDER", help="the tape's folder, named by its session")
    inspect.add_argument(
        "--vault", type=Path, metavar="DIR", help="the therapist's vault: verify all (asks for the passphrase)"
    )
    inspect.add_argument("--json", action="store_true", help="print one JSON object")
    inspect.set_defaults(run=_inspect_tape)


def _inspect_tape(args: argparse.Namespace) -> int:
    from tacet.tape_inspect import inspect  # noqa: PLC0415  same

    return inspect(args)


def _add_review(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    verify = commands.add_parser("verify", help="compare what is stored with what was approved; prints no words")
    verify.add_argument("session", nargs="?", metavar="SESSION", help="a session's id (default: all of the vault)")
    verify.add_argument("--vault", type=Path, required=True, metavar="DIR", help="the vault (asks for its passphrase)")
    verify.add_argument("--json", action="store_true", help="print one JSON list")
    verify.set_defaults(run=_verify_review)


def _verify_review(args: argparse.Namespace) -> int:
    from tacet.review_verify import verify  # noqa: PLC0415  same

    return verify(args)


def _add_transcribe(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write down what is said in FILE. Nothing is kept; every word is a machine's and unreviewed."
    parser.add_argument("file", type=Path, metavar="FILE", help="any audio file")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument(
        "--json",
        action="store_true",
        help="one JSON object, with the speaker of each segment and word",
    )
    shape.add_argument("--srt", action="store_true", help="subtitles as SubRip")
    shape.add_argument("--vtt", action="store_true", help="subtitles as WebVTT")
    parser.add_argument(
        "--channels", type=int, choices=(1, 2), help="microphones (default: as many as FILE has, at most 2)"
    )
    parser.add_argument("--model", default="base", help="speech model (default base)")
    parser.add_argument("--threads", type=int, default=0, help="for the model (default: one a core)")
    parser.add_argument(
        "--speakers", type=int, default=2, help="people in the room (default 2); three and more: by voice"
    )
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: a GPU where one can be used"
    )
    parser.set_defaults(run=_transcribe, models_dir=default_models_dir())


def _transcribe(args: argparse.Namespace) -> int:
    from tacet.transcribe import run_transcribe  # noqa: PLC0415  same

    return run_transcribe(args)


def _add_notes(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    draft = commands.add_parser(
        "draft", help="choose what was reported, done and agreed; each sentence with its source"
    )
    draft.description = "Draft a note. Every sentence was said; it names the utterances it rests on, counted from 0."
    draft.add_argument(
        "--transcript",
        type=Path,
        required=True,
        metavar="FILE",
        help='JSON: [{"start_s", "end_s", "speaker", "text"}, ...]',
    )
    draft.add_argument(
        "--format",
        default="dap",
        metavar="NAME",
        help="soap, dap, birp, girp, pie, progress, or one of FORMATS (default dap)",
    )
    draft.add_argument("--formats", type=Path, metavar="FORMATS", help="a clinic's own note formats, a TOML file")
    draft.add_argument("--json", action="store_true", help="print one JSON object")
    draft.set_defaults(run=_draft_note)


def _draft_note(args: argparse.Namespace) -> int:
    from tacet.notes import run_draft  # noqa: PLC0415  same

    return run_draft(args)


def _add_backup(parser: argparse.ArgumentParser) -> None:
    from tacet.backup import command  # noqa: PLC0415  same

    command.add_backup(parser)


def _add_restore(parser: argparse.ArgumentParser) -> None:
    from tacet.backup import command  # noqa: PLC0415  same

    command.add_restore(parser)


def _add_rehearse(parser: argparse.ArgumentParser) -> None:
    from tacet.backup import command  # noqa: PLC0415  same

    command.add_rehearse(parser)


def _add_audit(parser: argparse.ArgumentParser) -> None:
    from tacet.audit_verify import add_verify  # noqa: PLC0415  same

    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    add_verify(commands.add_parser("verify", help="look for changed, missing or added events"))


def _add_models(parser: argparse.ArgumentParser) -> None:
    from models import command  # noqa: PLC0415  same

    command.add_arguments(parser, default_models_dir())
    parser.set_defaults(run=command.run)


def _add_config(parser: argparse.ArgumentParser) -> None:
    from tacet.config import command  # noqa: PLC0415  same

    command.add_arguments(parser)


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    from tacet import doctor  # noqa: PLC0415  same

    doctor.add_arguments(parser, CONFIG)


def _add_firewall(parser: argparse.ArgumentParser) -> None:
    from tacet.firewall import command  # noqa: PLC0415  same

    command.add_arguments(parser, CONFIG)


def _add_log(parser: argparse.ArgumentParser) -> None:
    from tacet.log import command  # noqa: PLC0415  same

    command.add_arguments(parser)


def _add_selftest(parser: argparse.ArgumentParser) -> None:
    from tacet.selftest import command  # noqa: PLC0415  same

    command.add_arguments(parser, CONFIG)


def _add_pool(parser: argparse.ArgumentParser) -> None:
    from tacet.pool import command  # noqa: PLC0415  same

    command.add_arguments(parser, CONFIG, default_models_dir())


def _add_update(parser: argparse.ArgumentParser) -> None:
    from tacet import update  # noqa: PLC0415  same

    update.add_arguments(parser, CONFIG)


def _add_provision(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_provision)


def _provision(args: argparse.Namespace) -> int:
    from tacet.provision.command import run_provision  # noqa: PLC0415  same

    return run_provision(args)


def _add_console(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, default=CONFIG, help=f"configuration file (default {CONFIG})")
    parser.set_defaults(run=_console)


def _console(args: argparse.Namespace) -> int:
    from tacet.provision.command import run_console  # noqa: PLC0415  same

    return run_console(args)


def _add_daemon(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument("--config", type=Path, default=CONFIG, help=f"configuration file (default {CONFIG})")
    parser.set_defaults(run=_daemon, daemon=name)


def _daemon(args: argparse.Namespace) -> int:
    from firmware.core_dump import forbid_core_dumps  # noqa: PLC0415  same
    from tacet.settings import load_settings  # noqa: PLC0415  same

    forbid_core_dumps()  # any of the three may hold speech or keys
    settings = load_settings(args.config)
    if args.daemon == "recorder":
        from firmware.__main__ import main as recorder  # noqa: PLC0415  a process loads what it runs, nothing else

        return recorder(settings.recorder)
    if args.daemon == "asr":
        from app.asr.__main__ import main as asr  # noqa: PLC0415  same

        return asr(settings.asr)
    from app.__main__ import main as app  # noqa: PLC0415  same

    return app(settings.app)


def _add_simulator(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--review-url", required=True)
    parser.add_argument("--room", required=True)
    parser.set_defaults(run=_simulator)


def _simulator(args: argparse.Namespace) -> int:
    from tacet.simulator.__main__ import main as simulator  # noqa: PLC0415  same

    return simulator(args.run_dir, args.port, args.review_url, args.room)


_COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "run": ("run the whole box on this machine", _add_run),
    "demo": ("record a file headless and print its transcript", _add_demo),
    "tape": ("look at a recording without hearing it", _add_tape),
    "review": ("prove that a session is what was approved", _add_review),
    "transcribe": ("write down a sound file, without the box", _add_transcribe),
    "notes": ("draft a note from a transcript", _add_notes),
    "backup": ("copy all that the box keeps, while it runs", _add_backup),
    "restore": ("put a backup into a new box", _add_restore),
    "rehearse": ("prove a backup without touching the box", _add_rehearse),
    "audit": ("prove that nobody changed who did what", _add_audit),
    "models": ("list, fetch and verify speech models", _add_models),
    "config": ("check tacet.toml, list its settings, make many", _add_config),
    "doctor": ("check the running box, a line a check, with what to do", _add_doctor),
    "log": ("show what the box's processes have written", _add_log),
    "selftest": ("measure disk, model and speech of this device, and try button and light", _add_selftest),
    "pool": ("strong machines of the clinic that hear for many boxes", _add_pool),
    "update": ("install a signed update, keep one that works", _add_update),
    "firewall": ("say for nft whom the box may call: the servers that tacet.toml names", _add_firewall),
    "provision": ("take in tacet.toml, as a box does at every start", _add_provision),
    "console": ("what stands on the box's screen: address, QR code, what to mend", _add_console),
    "recorder": ("the process with microphone, button and light", partial(_add_daemon, name="recorder")),
    "app": ("the process with the vaults and the page", partial(_add_daemon, name="app")),
    "asr": ("the process that turns sound into words", partial(_add_daemon, name="asr")),
    "simulator": ("the picture of the box, as `tacet run --simulate` starts it", _add_simulator),
}


if __name__ == "__main__":
    raise SystemExit(main())
