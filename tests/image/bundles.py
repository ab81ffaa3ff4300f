"""Update bundles made from the image's own: newer, older, broken, tampered with, signed by somebody else."""

import random
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REFUSED: Final = ("tampered", "foreign", "older", "other-board")
BLOCK_OF_PAYLOAD: Final = 4096 * 64  # well inside of the system, far from the manifest


@dataclass(frozen=True, slots=True)
class Signer:
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Maker:
    """Takes the image's bundle apart once, in a folder of its own."""

    original: Path
    signer: Signer
    folder: Path

    @property
    def system(self) -> Path:
        return self.folder / "root.img"

    def take_apart(self) -> None:
        self.folder.mkdir(exist_ok=True)
        if not self.system.exists():
            _run("unsquashfs", "-quiet", "-no-progress", "-f", "-d", str(self.folder / "opened"), str(self.original))
            (self.folder / "opened/root.img").rename(self.system)

    def manifest(self) -> str:
        return (self.folder / "opened/manifest.raucm").read_text()

    def refused(self) -> list[Path]:
        """One bundle for each reason to refuse it; their system is a stub, since none of it may be read."""
        stub = self.folder / "stub.img"
        stub.write_bytes(random.Random(1).randbytes(4 * BLOCK_OF_PAYLOAD))  # packing leaves it as large
        good = self._bundle("untouched", "9.0.0.1", stub)
        tampered = self.folder / "tampered.raucb"
        content = bytearray(good.read_bytes())
        content[BLOCK_OF_PAYLOAD] ^= 1
        tampered.write_bytes(content)
        foreign = self._bundle("foreign", "9.0.0.1", stub, signer=_somebody(self.folder))
        older = self._bundle("older", "0.0.0.1", stub)
        other = self._bundle("other-board", "9.0.0.1", stub, compatible="tacet-toaster")
        good.unlink()
        return [tampered, foreign, older, other]

    def without_kernel(self, version: str) -> Path:
        """Signed and newer, and nothing in it starts."""
        stub = self.folder / "no-kernel.img"
        stub.write_bytes(bytes(range(256)) * 65536)
        return self._bundle("no-kernel", version, stub)

    def changed(self, name: str, version: str, *, broken: bool) -> Path:
        """The image's own system as a newer version; where it is broken, its page never starts."""
        root = self.folder / "root"
        if not root.exists():
            _run("unsquashfs", "-quiet", "-no-progress", "-d", str(root), str(self.system))
        release = root / "usr/lib/os-release"
        release.write_text(re.sub(r"(?m)^IMAGE_VERSION=.*$", f"IMAGE_VERSION={version}", release.read_text()))
        broken_by = root / "usr/lib/systemd/system/tacet-app.service.d/broken.conf"
        broken_by.unlink(missing_ok=True)
        if broken:
            broken_by.parent.mkdir(exist_ok=True)
            broken_by.write_text("[Service]\nExecStart=\nExecStart=/bin/false\n")
        packed = self.folder / f"{name}.img"
        packed.unlink(missing_ok=True)
        _run(
            "mksquashfs",
            str(root),
            str(packed),
            "-quiet",
            "-no-progress",
            "-comp",
            "gzip",
            "-Xcompression-level",
            "1",
            "-xattrs",
            "-no-exports",
        )
        bundle = self._bundle(name, version, packed)
        packed.unlink()
        return bundle

    def _bundle(
        self, name: str, version: str, system: Path, *, signer: Signer | None = None, compatible: str = ""
    ) -> Path:
        content = self.folder / f"{name}.content"
        content.mkdir()
        (content / "root.img").hardlink_to(system)
        manifest = re.sub(r"(?m)^version=.*$", f"version={version}", self.manifest())
        manifest = re.sub(r"(?m)^(filename|sha256|size|verity-.*)=.*\n", "", manifest).rstrip("\n")
        if compatible:
            manifest = re.sub(r"(?m)^compatible=.*$", f"compatible={compatible}", manifest)
        manifest = re.sub(r"(?m)^\[image\.rootfs\]$", "[image.rootfs]\nfilename=root.img", manifest)
        (content / "manifest.raucm").write_text(f"{manifest}\n")
        bundle = self.folder / f"{name}.raucb"
        bundle.unlink(missing_ok=True)
        by = signer or self.signer
        _run("rauc", f"--cert={by.certificate}", f"--key={by.key}", "bundle", str(content), str(bundle))
        for path in content.iterdir():
            path.unlink()
        content.rmdir()
        return bundle


def _somebody(folder: Path) -> Signer:
    """Whoever has a key, and not the image's."""
    key, certificate = folder / "somebody.key", folder / "somebody.pem"
    _run(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "30",
        "-subj",
        "/CN=Somebody",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    )
    return Signer(certificate, key)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
