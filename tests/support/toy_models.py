"""Small models of random bytes, with everything a real one has: pins, a manifest file, packages that carry it."""

import hashlib
import json
import random
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from models.manifest import Manifest, Mirror, Model, ModelFile, Wheel

SIZES_BYTES = {"model.bin": 3_000_000, "config.json": 300, "tokenizer.json": 20_000, "vocabulary.txt": 4_000}


@dataclass(frozen=True)
class Toy:
    """A model and its bytes."""

    model: Model
    content: dict[str, bytes] = field(repr=False)

    @property
    def manifest(self) -> Manifest:
        return Manifest(default=self.model.name, models=(self.model,))

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.content.items():
            (folder / name).write_bytes(content)
        return folder


def toy(name: str = "toy", seed: int = 1, model_bytes: int = SIZES_BYTES["model.bin"]) -> Toy:
    """A model without a mirror; the same seed gives the same bytes."""
    rng = random.Random(seed)
    content = {file: rng.randbytes(size) for file, size in (SIZES_BYTES | {"model.bin": model_bytes}).items()}
    files = tuple(ModelFile(name=file, size_bytes=len(it), sha256=_sha256(it)) for file, it in content.items())
    model = Model(
        name=name,
        repo=f"Someone/faster-whisper-{name}",
        revision=hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest(),
        licence="MIT",
        languages="English",
        purpose="For tests.",
        files=files,
    )
    return Toy(model, content)


def toy_with_wheels(folder: Path, *, executed: Path) -> Toy:
    """A model whose model.bin is split over two packages in `folder`. Importing either would create `executed`."""
    bare = toy()
    half = SIZES_BYTES["model.bin"] // 3
    code = f"from pathlib import Path\nPath({str(executed)!r}).touch()\n".encode()
    first = {name: it for name, it in bare.content.items() if name != "model.bin"}
    first["model.bin.part1"] = bare.content["model.bin"][:half]
    second = {"model.bin.part2": bare.content["model.bin"][half:]}
    wheels = tuple(
        _wheel(folder, package, {"__init__.py": code} | files)
        for package, files in (("toy-model-part1", first), ("toy-model-part2", second))
    )
    parts = {name: (f"toy_model_part1/{name}",) for name in bare.content if name != "model.bin"}
    parts["model.bin"] = ("toy_model_part1/model.bin.part1", "toy_model_part2/model.bin.part2")
    return Toy(bare.model.model_copy(update={"mirror": Mirror(wheels=wheels, parts=parts)}), bare.content)


def write_manifest(path: Path, *toys: Toy) -> Path:
    """As TOML; a JSON string is a TOML string."""
    lines = [f"default = {json.dumps(toys[0].model.name)}"]
    for each in toys:
        lines.append("[[models]]")
        facts = each.model.model_dump(exclude={"files", "mirror"})
        lines += [f"{key} = {json.dumps(value)}" for key, value in facts.items()]
        for file in each.model.files:
            lines.append("[[models.files]]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in file.model_dump().items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _wheel(folder: Path, package: str, files: dict[str, bytes]) -> Wheel:
    """Write a wheel that pip accepts."""
    module = package.replace("-", "_")
    info = f"{module}-1.0.0.dist-info"
    members = {f"{module}/{name}": content for name, content in files.items()}
    members[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0.0\n".encode()
    members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: toy\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in members).encode()
    path = folder / f"{module}-1.0.0-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    packed = path.read_bytes()
    return Wheel(requirement=f"{package}==1.0.0", file=path.name, size_bytes=len(packed), sha256=_sha256(packed))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
