"""The image's list of parts as CycloneDX JSON: Debian's packages, Python's wheels, models. parts.py ROOT VERSION."""

import email
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

Part = dict[str, object]


def debian_parts(root: Path) -> Iterator[Part]:
    for paragraph in (root / "var/lib/dpkg/status").read_text(encoding="utf-8").split("\n\n"):
        package = email.message_from_string(paragraph)
        if package.get("Status", "").endswith(" installed"):
            name, version, architecture = package["Package"], package["Version"], package["Architecture"]
            purl = f"pkg:deb/debian/{quote(name)}@{quote(version, safe='')}?arch={architecture}&distro=trixie"
            yield {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}


def python_parts(root: Path) -> Iterator[Part]:
    for path in sorted(root.glob("usr/local/lib/python3*/dist-packages/*.dist-info/METADATA")):
        about = email.message_from_string(path.read_text(encoding="utf-8"))
        name, licence = about["Name"], about.get("License-Expression")
        purl = f"pkg:pypi/{quote(name.lower().replace('_', '-'))}@{about['Version']}"
        part: Part = {"type": "library", "name": name, "version": about["Version"], "purl": purl, "bom-ref": purl}
        yield part | ({"licenses": [{"expression": licence}]} if licence else {})


def model_parts(root: Path) -> Iterator[Part]:
    (manifest,) = root.glob("usr/local/lib/python3*/dist-packages/models/manifest.toml")
    for model in tomllib.loads(manifest.read_text(encoding="utf-8"))["models"]:
        if (root / "usr/share/tacet/models" / model["name"]).is_dir():
            files = {file["name"]: file["sha256"] for file in model["files"]}
            yield {
                "type": "machine-learning-model",
                "name": model["repo"],
                "version": model["revision"],
                "bom-ref": f"model:{model['name']}",
                "properties": [{"name": f"sha256:{name}", "value": digest} for name, digest in sorted(files.items())],
            }


def main(root: Path, version: str) -> None:
    parts = [*debian_parts(root), *python_parts(root), *model_parts(root)]
    box = {"type": "firmware", "name": "tacet", "version": version, "bom-ref": f"tacet@{version}"}
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": box}}
    json.dump(bill | {"components": sorted(parts, key=lambda part: str(part["bom-ref"]))}, sys.stdout, indent=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
