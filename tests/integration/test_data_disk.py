"""The data partition, as the initrd has it opened or made, on a file in place of a disk and without a TPM.

With one it takes Debian 13's programs: see "What was tried in which way" in docs/clinic-it.md.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "image-build/root/usr/lib/tacet/data-disk"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

pytestmark = pytest.mark.skipif(
    any(shutil.which(program, path=PATH) is None for program in ("blkid", "mkfs.ext4", "mkswap", "e2fsck", "wipefs")),
    reason="this machine has no programs for file systems",
)


def data_disk(part: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {"PATH": PATH, "TMPDIR": str(part.parent), "TACET_MAPPER": "none"} | environment
    return subprocess.run(["/bin/sh", str(SCRIPT), str(part)], env=known, capture_output=True, text=True, check=False)


def held(part: Path, what: str) -> str:
    command = [shutil.which("blkid", path=PATH) or "", "-p", "-s", what, "-o", "value", str(part)]
    return subprocess.run(command, env={"PATH": PATH}, capture_output=True, text=True, check=False).stdout.strip()


@pytest.fixture
def part(tmp_path: Path) -> Path:
    path = tmp_path / "disk"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 32 << 20)
    return path


@pytest.mark.skipif(Path("/sys/class/tpm/tpm0").exists(), reason="this machine has a TPM, which the script would use")
def test_data_disk__an_empty_partition_and_no_tpm__is_made_once_and_then_kept(part: Path) -> None:
    made = data_disk(part)
    assert (made.returncode, made.stdout.strip()) == (0, str(part)), made.stderr
    born = held(part, "UUID")
    assert (held(part, "TYPE"), held(part, "LABEL")) == ("ext4", "tacet-data")
    assert data_disk(part).stdout.strip() == str(part)
    assert held(part, "UUID") == born
    assert [path.name for path in part.parent.iterdir()] == ["disk"]


def test_data_disk__a_tpm_that_cannot_be_used__is_said_and_the_box_starts_without(part: Path) -> None:
    made = data_disk(part, TACET_TPM="swtpm:path=/nowhere")
    assert (made.returncode, made.stdout.strip()) == (0, str(part)), made.stderr
    assert "It is not encrypted" in made.stderr
    assert held(part, "TYPE") == "ext4"


def test_data_disk__something_else_on_it__is_left_alone(part: Path) -> None:
    subprocess.run([shutil.which("mkswap", path=PATH) or "", str(part)], capture_output=True, check=True)
    before = part.read_bytes()
    refused = data_disk(part)
    assert refused.returncode == 1
    assert "something else (swap)" in refused.stderr
    assert part.read_bytes() == before
