import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNITS = sorted((SYSTEMD / "units").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
UDEV = SYSTEMD.parent / "image-build/root/usr/lib/udev/rules.d/60-tacet.rules"
STARTERS = [*UNITS, UDEV]  # what names a unit that is not started by itself
DAEMONS = ("tacet-recorder", "tacet-app", "tacet-asr")
POOL = ("tacet-pool-link", "tacet-pool-scheduler", "tacet-pool-worker")
MOST_EXPOSED = 10  # in tenths, of 100


def service(name: str) -> dict[str, list[str]]:
    """The settings of a unit's [Service] section, each with its values in order."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in (SYSTEMD / "units" / f"{name}.service").read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def table(path: str) -> list[list[str]]:
    """The lines of a sysusers or tmpfiles file, in columns."""
    return [line.split() for line in (SYSTEMD / path).read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_unit__its_exposure__is_at_most_one(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(unit)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    verdict = [line for line in judged.stdout.splitlines() if "Overall exposure" in line]
    assert verdict, judged.stderr
    assert judged.returncode == 0, verdict[0]


def test_exposure__of_a_unit_without_confinement__would_be_found(tmp_path: Path) -> None:
    bare = tmp_path / "bare.service"
    bare.write_text("[Service]\nExecStart=/bin/true\n")
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(bare)]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def verify(folder: Path) -> str:
    """What systemd has to say of the units in the folder; any word is one too many."""
    units = [str(unit) for unit in sorted(folder.iterdir())]
    command = ["systemd-analyze", "verify", "--man=no", *units]
    environment = {"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{folder}:"}
    judged = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    ours = [line for line in (judged.stdout + judged.stderr).splitlines() if "tacet" in line or str(folder) in line]
    return "\n".join(ours) or ("" if judged.returncode == 0 else judged.stderr)


def as_installed(folder: Path) -> Path:
    """Copies of the units whose program exists on this machine."""
    for unit in UNITS:
        (folder / unit.name).write_text(re.sub(r"/usr/bin/tacet\b", shutil.which("true") or "", unit.read_text()))
    return folder


def test_units__verified_by_systemd__say_nothing(tmp_path: Path) -> None:
    assert verify(as_installed(tmp_path)) == ""


def test_verify__of_a_misspelt_setting__says_so(tmp_path: Path) -> None:
    unit = as_installed(tmp_path) / "tacet-asr.service"
    unit.write_text(unit.read_text().replace("PrivateNetwork=", "PrivateNetwrk="))
    assert "PrivateNetwrk" in verify(tmp_path)


def test_daemons__each__has_a_user_of_its_own() -> None:
    users = [user for name in (*DAEMONS, "tacet-fetch", "tacet-log", "tacet-names") for user in service(name)["User"]]
    of_pool = {user for name in POOL for user in service(name)["User"]}
    declared = {row[1] for row in table("sysusers.d/tacet.conf") if row[0] == "u"}
    assert len(of_pool) == 1
    assert sorted([*users, *of_pool]) == sorted(declared)


def test_writable_folders__of_every_daemon__are_made_by_tmpfiles() -> None:
    made = {row[1] for name in ("tacet", "tacet-pool") for row in table(f"tmpfiles.d/{name}.conf")}
    for name in (*DAEMONS, *POOL, "tacet-restore", "tacet-fetch", "tacet-selftest"):
        for line in service(name).get("ReadWritePaths", []):
            assert set(line.split()) <= made, name


def test_asr__its_confinement__leaves_no_network_no_keys_no_disk() -> None:
    asr = service("tacet-asr")
    assert asr["PrivateNetwork"] == ["yes"]
    assert asr["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert "ReadWritePaths" not in asr
    assert "-/var/lib/tacet" in asr["InaccessiblePaths"][0].split()


def test_recorder__its_confinement__hides_vaults_and_network() -> None:
    recorder = service("tacet-recorder")
    assert recorder["PrivateNetwork"] == ["yes"]
    assert {"-/var/lib/tacet/vaults", "-/var/lib/tacet/box"} <= set(recorder["InaccessiblePaths"][0].split())


@pytest.mark.parametrize(
    "name",
    [*DAEMONS, *POOL, "tacet-backup", "tacet-restore", "tacet-fetch", "tacet-selftest", "tacet-log", "tacet-names"],
)
def test_shared_memory__which_strict_protection_leaves_open__is_closed(name: str) -> None:
    assert "-/dev/shm" in service(name)["InaccessiblePaths"][0].split()


def test_restore__its_confinement__leaves_no_network_and_no_more_than_the_app_may_write() -> None:
    restore, app = service("tacet-restore"), service("tacet-app")
    assert restore["PrivateNetwork"] == ["yes"]
    assert restore["User"] == app["User"]
    assert set(restore["ReadWritePaths"][0].split()) <= set(app["ReadWritePaths"][0].split())


@pytest.mark.parametrize("name", POOL)
def test_pools_processes__their_confinement__leaves_no_vault_no_swap_no_core_dump(name: str) -> None:
    unit = service(name)
    hidden = {path for line in unit["InaccessiblePaths"] for path in line.split()}
    assert "-/var/lib/tacet" in hidden or {"-/var/lib/tacet/vaults", "-/var/lib/tacet/tapes"} <= hidden
    assert (unit["MemorySwapMax"], unit["LimitCORE"]) == (["0"], ["0"])
    assert unit["PrivateDevices"] == ["yes"]


def test_pools_machines__their_services__cannot_read_who_signs_members() -> None:
    for name in ("tacet-pool-scheduler", "tacet-pool-worker"):
        assert "-/var/lib/tacet-pool/authority" in service(name)["InaccessiblePaths"][0].split()


@pytest.mark.parametrize("name", ["tacet-app", "tacet-console", "tacet-screen"])
def test_units_that_name_addresses__each__may_ask_the_kernel_for_them(name: str) -> None:
    assert "AF_NETLINK" in service(name)["RestrictAddressFamilies"][0].split()


@pytest.mark.parametrize("name", ["tacet-asr", "tacet-selftest", "tacet-pool-worker"])
def test_units_that_hear__each__can_read_about_the_processor(name: str) -> None:
    assert "ProcSubset" not in service(name)


@pytest.mark.parametrize("name", ["tacet-console", "tacet-screen"])
def test_console__which_writes_on_the_screen__may_open_it(name: str) -> None:
    console = service(name)
    assert console["DevicePolicy"] == ["closed"]
    assert f"{console['TTYPath'][0]} rw" in console["DeviceAllow"]


@pytest.mark.parametrize("setting", ["CPUWeight", "IOWeight"])
def test_priorities__recorder_app_asr__come_in_this_order(setting: str) -> None:
    recorder, app, asr = (int(service(name)[setting][0]) for name in DAEMONS)
    assert recorder > app > asr


@pytest.mark.parametrize("setting", ["Nice", "OOMScoreAdjust"])
def test_sacrifices__asr_app_recorder__come_in_this_order(setting: str) -> None:
    recorder, app, asr = (int(service(name)[setting][0]) for name in DAEMONS)
    assert recorder < app < asr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit__every_one__is_started_by_something(unit: Path) -> None:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text())
    named = any(unit.name.replace("@.", "@%k.") in other.read_text() for other in STARTERS if other != unit)
    by_socket = unit.suffix == ".service" and unit.with_suffix(".socket") in UNITS
    assert parser.has_section("Install") or unit.suffix == ".mount" or named or by_socket


def test_sysusers__every_line__has_no_colon_for_which_systemd_would_pass_over_the_user() -> None:
    assert not [row for row in table("sysusers.d/tacet.conf") if ":" in " ".join(row)]
