"""What stands on the box's own screen: who it is, where its page is, what is wrong."""

import shutil
import subprocess
from collections.abc import Iterator

from app.addresses import names_of_box
from app.authority import read_authority
from app.box.invitations import read_setup_code
from app.finding import Verdict
from app.selftest_state import read_selftest
from app.tls import fingerprint, fingerprint_groups
from tacet.settings import BoxSettings


def console_text(settings: BoxSettings) -> str:
    """A few lines and a QR code of the page's address. No secret but the code for setting up, while there is one."""
    app = settings.app
    port = "" if app.port == 443 else f":{app.port}"  # noqa: PLR2004  what HTTPS means
    by_name = f"https://{app.name}.local{port}/"
    addresses = [str(one) for one in names_of_box(app.name).addresses if not one.is_loopback]
    lines = ["", f"Tacet  {settings.box.room or app.name}", "", f"  Its page:  {by_name}"]
    lines += [f"             https://{_host(address)}{port}/" for address in addresses]
    lines += [] if addresses else ["             (no network yet: plug in the cable)"]
    authority = None if app.certificate else read_authority(app.data_dir / "tls")
    if authority is not None:
        groups = fingerprint_groups(fingerprint(authority))
        lines += ["", "  Its certificate, to compare before you trust it:"]
        lines += [f"    {' '.join(groups[:4])}", f"    {' '.join(groups[4:])}"]
    code = read_setup_code(app.data_dir / "box")
    lines += [f"  Code for setting it up:  {code}"] if code else []
    lines += [f"  To mend:   {problem}" for problem in _problems(settings)]
    lines += list(_tested(settings))
    return "\n".join([*lines, "", qr_code(by_name)])


def _tested(settings: BoxSettings) -> Iterator[str]:
    """What the self-test found, where somebody has to do something."""
    kept = read_selftest(settings.app.data_dir)
    if kept is None:
        return
    asked = [found for found in kept.findings if found.verdict is not Verdict.FINE]
    yield f"  Self-test:  {len(kept.findings) - len(asked)} of {len(kept.findings)} are fine"
    for found in asked:
        yield f"    {found.check}: {found.verdict.value}. {found.sentence} {found.remedy}".rstrip()


def _problems(settings: BoxSettings) -> list[str]:
    problem = settings.recorder.configuration_problem
    return [problem] if problem else []


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def qr_code(text: str) -> str:
    """For a dark screen; empty where qrencode is not installed."""
    program = shutil.which("qrencode")
    if program is None:
        return ""
    drawn = subprocess.run([program, "-t", "UTF8", "-m", "2", text], capture_output=True, text=True, check=False)
    return drawn.stdout
