"""Every part of the box is licensed so that it may be shipped with it, and is listed.

`python tests/unit/test_licences.py` writes docs/licences.md anew.
"""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/licences.md"
# What gives freely, and what asks that a part itself stays replaceable, as a Python package in a folder of its own is.
COMPATIBLE = re.compile(
    r"MIT|BSD|Apache|PSF|0BSD|Zlib|CC0|MPL|Mozilla|Unlicense|ISC|LGPL|Lesser General", re.IGNORECASE
)
NEVER_ALONE = re.compile(r"AGPL|Affero|(?<!L)GPL|(?<!Lesser )General Public|Commercial|Proprietary", re.IGNORECASE)
SAID_ELSEWHERE = {  # where no metadata is at hand or it is silent; read in the licence file of the package itself
    "brotlicffi": "MIT",
    "colorama": "BSD-3-Clause",
    "httpx2-jsfetch": "BSD-3-Clause",
    "importlib-metadata": "Apache-2.0",
    "lazy-importer": "Apache-2.0",
    "pyrage": "MIT",
    "sqlcipher3": "Zlib",
}
HEAD = """# Licences of the parts

Of everything in `requirements-pool.lock` (the box, and a clinic's pool), as each part says of itself;
`tests/unit/test_licences.py` refuses what may not be shipped and writes this page. Served to browsers: htmx.org
(0BSD) and htmx-ext-sse (0BSD). A part under the LGPL or MPL is a package in a folder of its own, unchanged, which
anybody may replace. Models: [models.md](models.md).

| part | licence |
|---|---|
"""


def parts() -> list[str]:
    found = re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements-pool.lock").read_text(), re.MULTILINE)
    return sorted(set(found))


def licence_of(name: str) -> str:
    """As the part says, on one line; of one that is not for this machine, as was looked up."""
    try:
        said = _said(distribution(name))
    except PackageNotFoundError:
        said = ""
    return said or SAID_ELSEWHERE.get(name, "")


def _said(part: Distribution) -> str:
    metadata = part.metadata
    classified = [
        one.rsplit("::", 1)[-1].strip() for one in metadata.get_all("Classifier") or [] if "License ::" in one
    ]
    free_text = (metadata.get("License") or "").strip().splitlines()[:1]
    return metadata.get("License-Expression") or "; ".join(classified) or "".join(free_text)


def may_be_shipped(licence: str) -> bool:
    """One of several choices is enough; all of a conjunction have to do."""
    choices = re.split(r";| OR ", licence)
    return any(
        COMPATIBLE.search(one) and not NEVER_ALONE.search(one.replace("Lesser General Public", "")) for one in choices
    )


@pytest.mark.parametrize("name", parts())
def test_part__its_licence__lets_it_be_shipped(name: str) -> None:
    licence = licence_of(name)
    assert licence, f"{name} says nothing of its licence: look it up, and add it to SAID_ELSEWHERE"
    assert may_be_shipped(licence), f"{name}: {licence}"


@pytest.mark.parametrize(
    "licence", ["GPL-3.0-only", "GNU General Public License v3 (GPLv3)", "AGPL-3.0", "Proprietary", ""]
)
def test_licence__that_asks_for_all_of_the_box__is_refused(licence: str) -> None:
    assert not may_be_shipped(licence)


def test_page_in_the_docs__lists_every_part() -> None:
    listed = re.findall(r"^\| ([a-z0-9.-]+) \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted({*parts(), "part"})


if __name__ == "__main__":
    PAGE.write_text(HEAD + "".join(f"| {name} | {licence_of(name)} |\n" for name in parts()))
