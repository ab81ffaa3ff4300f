"""Starts the built image in QEMU and prints every promise of it with its figure; ends with 1 when one is missed.

    python -m tests.image IMAGE.img [--arch amd64|arm64] [--quick] [--only WORD...]

The machine is emulated (TCG), so this takes two hours of a processor; where there are two it runs two machines at once.
Beside IMAGE.img lies its update bundle.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest's pythonpath does

from faults.bench import Row, measure_all, summary
from faults.promise import Scale

from image.bundles import Signer
from image.hardware import HARDWARE
from image.lab import Lab
from image.promises import in_the_end, side_by_side

CACHE = Path(__file__).parents[2] / "build/image-cache"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.image", description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path, metavar="IMAGE.img")
    parser.add_argument("--arch", choices=tuple(HARDWARE), default="amd64")
    parser.add_argument("--quick", action="store_true", help="fewer power cuts, fewer broken files")
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="WORD", help="only promises whose names have one of these"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep disks and consoles there")
    args = parser.parse_args()
    if missing := HARDWARE[args.arch].missing():
        parser.error(missing)
    folder = Path(tempfile.mkdtemp(prefix="image-test-", dir=args.keep or CACHE))
    lab = Lab(args.image, args.image.with_suffix(".raucb"), folder, HARDWARE[args.arch], _signer())
    try:
        rows = _measured(lab, args.only, Scale(full=not args.quick))
    finally:
        lab.close()
        if args.keep is None:
            shutil.rmtree(folder)
    sys.stdout.write(f"\n{summary(rows)}\n")
    return 0 if all(row.figure.kept for row in rows) else 1


def _measured(lab: Lab, words: Sequence[str], scale: Scale) -> list[Row]:
    lines = [line for line in side_by_side(lab, words) if line]
    with ThreadPoolExecutor(min(2, len(os.sched_getaffinity(0)))) as processors:
        rows = [row for line in processors.map(lambda line: measure_all(line, scale), lines) for row in line]
    if last := in_the_end(lab, words):
        rows += measure_all(last, scale)
    return rows


def _signer() -> Signer:
    """Who signed the image: the same two variables as for building it, or the key for trying out."""
    certificate = os.environ.get("TACET_SIGNING_CERT", str(CACHE / "trial-signing.pem"))
    return Signer(Path(certificate), Path(os.environ.get("TACET_SIGNING_KEY", str(CACHE / "trial-signing.key"))))


if __name__ == "__main__":
    raise SystemExit(main())
