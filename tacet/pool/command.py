"""`tacet pool`: machines of a clinic that hear for many boxes."""

import argparse
from collections.abc import Callable
from pathlib import Path

from app.errors import TacetError
from app.pool.errors import PoolError
from app.pool.ports import DOOR_PORT, JOIN_PORT, SCHEDULER_PORT

POOL_DIR = Path("/var/lib/tacet-pool")  # of the scheduler's machine, or a worker's
BOX_DIR = Path("/var/lib/tacet/pool")  # of a box
INVITED_DIR = Path("/var/lib/tacet/pool-invited")  # where its provisioning leaves a code
LONGEST_MIN = 24 * 60  # a code that lies in tacet.toml until somebody carries the card to its box
NEEDS_MORE = (
    "The parts that a pool's machine needs are not installed. Run `make setup-pool` in the checkout, "
    "or install tacet[pool]."
)


def add_arguments(parser: argparse.ArgumentParser, config: Path, models_dir: Path) -> None:
    parser.description = (
        "A pool hears for many boxes. On the strongest machine: init, scheduler. For each further machine or box: "
        "invite there, join here. docs/pool.md leads through it."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_init(commands.add_parser("init", help="make the clinic's authority and this pool's scheduler"))
    _add_invite(commands.add_parser("invite", help="let one machine in: show a code and wait for it"))
    _add_join(commands.add_parser("join", help="make this machine a member, with the code"))
    _add_members(commands.add_parser("members", help="who is in"))
    _add_revoke(commands.add_parser("revoke", help="let a machine in no longer"))
    _add_scheduler(commands.add_parser("scheduler", help="serve boxes and workers"))
    _add_worker(commands.add_parser("worker", help="hear for boxes"), models_dir)
    _add_link(commands.add_parser("link", help="on a box: hand windows to the pool"), config)
    _add_status(commands.add_parser("status", help="workers, queue, seconds of sound a second, lag of each box"))


def _folder(parser: argparse.ArgumentParser, default: Path = POOL_DIR) -> None:
    parser.add_argument("--folder", type=Path, default=default, metavar="DIR", help=f"default {default}")


def _port(parser: argparse.ArgumentParser, option: str, default: int, what: str) -> None:
    parser.add_argument(option, type=int, default=default, metavar="PORT", help=f"{what} (default {default})")


def _add_init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pool", metavar="NAME", help="what the pool is called, like clinic")
    _folder(parser)
    _port(parser, "--door-port", DOOR_PORT, "where boxes ask")
    _port(parser, "--scheduler-port", SCHEDULER_PORT, "where workers offer themselves")
    parser.set_defaults(run=_members_command("init"))


def _add_invite(parser: argparse.ArgumentParser) -> None:
    parser.description = "Shows a code that holds once and for some minutes, and waits until the machine has used it."
    parser.add_argument("name", metavar="NAME", help="what the machine is called, like room-3")
    parser.add_argument("--as", dest="role", choices=("box", "worker"), required=True, help="what it may do")
    _folder(parser)
    parser.add_argument("--listen", default="0.0.0.0", metavar="ADDRESS", help="default: all of this machine")  # noqa: S104
    _port(parser, "--port", JOIN_PORT, "open until the machine has joined")
    parser.add_argument("--minutes", type=_minutes, default=15, metavar="N", help="the code holds (default 15)")
    parser.set_defaults(run=_members_command("invite"))


def _minutes(written: str) -> int:
    minutes = int(written)
    if not 1 <= minutes <= LONGEST_MIN:
        raise argparse.ArgumentTypeError(f"from 1 to {LONGEST_MIN}")
    return minutes


def _add_join(parser: argparse.ArgumentParser) -> None:
    parser.description = "Asks for the code that `tacet pool invite` shows; it is never written on a command line."
    parser.add_argument("host", metavar="HOST", nargs="?", help="of the scheduler's machine; without it, what is near")
    _folder(parser, BOX_DIR)
    _port(parser, "--port", JOIN_PORT, "the invitation's")
    parser.set_defaults(run=_members_command("join"))


def _add_members(parser: argparse.ArgumentParser) -> None:
    _folder(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    parser.set_defaults(run=_members_command("members"))


def _add_revoke(parser: argparse.ArgumentParser) -> None:
    parser.description = "The scheduler refuses the machine within seconds, and cuts what it has open."
    parser.add_argument("name", metavar="NAME")
    _folder(parser)
    parser.set_defaults(run=_members_command("revoke"))


def _members_command(name: str) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        from tacet.pool import membership  # noqa: PLC0415  same

        command: Callable[[argparse.Namespace], int] = getattr(membership, name)
        return command(args)

    return run


def _add_scheduler(parser: argparse.ArgumentParser) -> None:
    _folder(parser, POOL_DIR / "scheduler")
    parser.add_argument("--model", default="base", help="that all workers must have (default base)")
    parser.add_argument("--listen", default="0.0.0.0", metavar="ADDRESS", help="default: all of this machine")  # noqa: S104
    parser.add_argument("--no-announce", action="store_true", help="do not say by mDNS where it is")
    parser.set_defaults(run=_scheduler)


def _scheduler(args: argparse.Namespace) -> int:
    _forbid_core_dumps()
    try:
        from app.pool.scheduler import SchedulerOptions, run_scheduler  # noqa: PLC0415  Dask: a second of imports
    except ImportError as error:
        raise _missing(error) from error
    return run_scheduler(SchedulerOptions(args.folder, args.model, args.listen, announce=not args.no_announce))


def _add_worker(parser: argparse.ArgumentParser, models_dir: Path) -> None:
    _folder(parser, POOL_DIR / "worker")
    parser.add_argument("--model", default="base", help="the pool's (default base)")
    parser.add_argument("--threads", type=int, default=0, help="for the model (default: one a core)")
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: a GPU where there is one"
    )
    parser.add_argument("--listen", default="", metavar="ADDRESS", help="of this machine (default: found by itself)")
    parser.add_argument("--models-dir", type=Path, default=models_dir, metavar="DIR", help=f"default {models_dir}")
    parser.set_defaults(run=_worker)


def _worker(args: argparse.Namespace) -> int:
    _forbid_core_dumps()
    try:
        from app.pool.worker import WorkerOptions, run_worker  # noqa: PLC0415  same
    except ImportError as error:
        raise _missing(error) from error
    if not 0 <= args.threads <= 64:  # noqa: PLR2004  the setting's own limit
        raise TacetError(f"--threads {args.threads} is not possible: name a number from 0 (one a core) to 64.")
    options = WorkerOptions(args.folder, args.models_dir, args.model, args.threads, args.device, args.listen)
    return run_worker(options)


def _missing(error: ImportError) -> TacetError:
    if error.name is None or error.name.split(".")[0] not in {"dask", "distributed", "tornado"}:
        raise error
    return PoolError(NEEDS_MORE)


def _add_link(parser: argparse.ArgumentParser, config: Path) -> None:
    _folder(parser, BOX_DIR)
    parser.add_argument(
        "--invited", type=Path, default=INVITED_DIR, metavar="DIR", help=f"where a code lies (default {INVITED_DIR})"
    )
    parser.add_argument("--config", type=Path, default=config, help=f"configuration file (default {config})")
    parser.set_defaults(run=_link)


def _link(args: argparse.Namespace) -> int:
    from app.pool.link import LinkOptions, run_link  # noqa: PLC0415  each command imports its own
    from tacet.settings import load_settings  # noqa: PLC0415  same

    _forbid_core_dumps()
    settings = load_settings(args.config)
    pool = settings.pool
    host = str(pool.address) if pool.address else ""
    return run_link(LinkOptions(args.folder, args.invited, settings.app.run_dir, settings.asr.model, host, pool.use))


def _add_status(parser: argparse.ArgumentParser) -> None:
    parser.description = "Asks the pool: from the scheduler's machine all of it, from a box its own figures."
    _folder(parser, POOL_DIR / "scheduler")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print one JSON object")
    shape.add_argument(
        "--prometheus", action="store_true", help="print metrics, as node_exporter's text files have them"
    )
    parser.set_defaults(run=_status)


def _status(args: argparse.Namespace) -> int:
    from tacet.pool.status import status  # noqa: PLC0415  same

    return status(args)


def _forbid_core_dumps() -> None:
    from firmware.core_dump import forbid_core_dumps  # noqa: PLC0415  same

    forbid_core_dumps()  # each of them holds speech
