import argparse
import asyncio
import contextlib
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.box.invitations import read_setup_code
from app.errors import TacetError
from models import locate
from tacet.log.kept import KeptLog
from tacet.log.server import served
from tacet.processes import Service, box_services, running
from tacet.settings import check_settings, write_settings
from tacet.sound_file import channels_of

DEMO_SESSION = Path("build/demo-session.wav")
LONGEST_SOCKET_PATH = 90  # the kernel takes 107 bytes with the socket's name
LAST_PORT = 65535
LEAST_FREE_HOURS = 0.25  # on a machine that is tried out; a box asks for more


def run_box(args: argparse.Namespace) -> int:
    """Run the whole box until Ctrl-C or SIGTERM."""
    locate(args.models_dir, args.model)
    _refuse_busy(args.host, args.port, "--port")
    if args.simulate:
        _refuse_busy("127.0.0.1", args.box_port, "--box-port")
    args.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _run_dir(args.data) as run_dir:
        written = box_configuration(args, run_dir)
        check_settings(written, "tacet run")
        config = run_dir / "tacet.toml"
        write_settings(config, written)
        asyncio.run(_run(args, run_dir, config))
    return 0


def box_configuration(args: argparse.Namespace, run_dir: Path) -> dict[str, Any]:
    """What the arguments say, as the configuration file says it."""
    app = {"host": args.host, "port": args.port, "plain_port": plain_port(args.port), "name": args.name}
    if args.simulate:
        app["simulator_url"] = f"http://127.0.0.1:{args.box_port}"
    return {
        "data_dir": args.data.resolve(),
        "run_dir": run_dir,
        "models_dir": args.models_dir.resolve(),
        "recorder": _recorder(args),
        "app": app,
        "asr": {"model": args.model},
    } | ({"backup": {"to": args.backup_to.resolve()}} if args.backup_to else {})


def plain_port(port: int) -> int:
    """Where the certificate is offered without TLS: beside the page."""
    return port + 1 if port < LAST_PORT else port - 1


def _recorder(args: argparse.Namespace) -> dict[str, Any]:
    if not args.simulate:
        return {"channels": args.channels or 1} | ({"device": args.mic} if args.mic else {})
    simulated: dict[str, Any] = {"panel": "simulated", "min_free_hours": LEAST_FREE_HOURS}
    if args.mic is not None:
        device = {"device": args.mic} if args.mic else {}
        return simulated | {"microphone": "pyaudio", "channels": args.channels or 1} | device
    sound = (args.audio or DEMO_SESSION).resolve()
    if not args.audio and not sound.exists():
        raise TacetError(f"The demo session {sound} is not there. Run `make setup`, which makes it, or name --audio.")
    channels = args.channels or min(2, channels_of(sound))
    return simulated | {"microphone": "file", "audio_file": sound, "channels": channels}


async def _run(args: argparse.Namespace, run_dir: Path, config: Path) -> None:
    page = f"https://localhost:{args.port}"
    services = box_services(config, backup=args.backup_to is not None)
    if args.simulate:
        room = _room(args)
        arguments = ("--run-dir", str(run_dir), "--port", str(args.box_port), "--review-url", page, "--room", room)
        services.append(Service("simulator", ("simulator", *arguments)))
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    print("Starting the box ...", flush=True)
    log = KeptLog()
    async with served(log, run_dir), running(services, log=log):
        await _until_it_answers(args.port, ended)
        if not ended.is_set():
            print(_what_next(args, page), flush=True)
        await ended.wait()
        print("\nEnding: a recording that is going on is sealed first ...", flush=True)
    print("The box has ended. Everything is in", args.data)


def _room(args: argparse.Namespace) -> str:
    if args.mic is not None:
        return "The box listens to this machine's microphone."
    return f"The room plays {args.audio.name}." if args.audio else "The room plays the demo session, four minutes long."


def _what_next(args: argparse.Namespace, page: str) -> str:
    lines = ["", "The box is running.", ""]
    if args.simulate:
        lines += [f"  The box, with its button and light:  http://127.0.0.1:{args.box_port}"]
    lines += [
        f"  Its page, for the therapist:         {page}",
        "",
        f"  1. Open the page{_with_code(args.data)}. The browser warns, as it does not know the box's certificate yet:",
        f"     choose to go on, or trust the certificate first at http://localhost:{plain_port(args.port)}",
    ]
    if args.simulate:
        lines += [
            "  2. Open the box, and press its button. The red light says that sound is being kept.",
            f"  3. {_room(args)} Hold the button for two seconds to stop.",
            "  4. Read, correct and approve the transcript on the page, then export it.",
        ]
    return "\n".join([*lines, "", "  Ctrl-C ends it.", ""])


def _with_code(data: Path) -> str:
    code = read_setup_code(data / "box")
    return f" and set the box up with its code {code}" if code else ""


async def _until_it_answers(port: int, ended: asyncio.Event) -> None:
    while not ended.is_set():
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.1)


@contextlib.contextmanager
def _run_dir(data: Path) -> Iterator[Path]:
    """Give a folder for the sockets: beside the data, or a short path where that one is too long for a socket."""
    beside = data.resolve() / "run"
    if len(str(beside)) <= LONGEST_SOCKET_PATH:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(mode=0o700)
        yield beside
        return
    with tempfile.TemporaryDirectory(prefix="tacet-") as short:
        yield Path(short)


def _refuse_busy(host: str, port: int, option: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise TacetError(
                f"Port {port} cannot be used ({error.strerror}). Stop the program that uses it, or choose another "
                f"port: tacet run {option} {port + 1} (with make: ARGS='{option} {port + 1}')."
            ) from error
