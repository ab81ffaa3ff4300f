"""Reads wpa_supplicant's configuration for a wire with 802.1X, and finds what is wrong with it, line by line. Pure.

Source: wpa_supplicant.conf(5). One network block; certificates and keys are named as files that lie beside it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tacet.config.problem import Problem

FILE: Final = "wired.conf"
SECRETS: Final = ("password", "private_key_passwd", "pin")
CERTIFICATES: Final = ("ca_cert", "client_cert")
WITH_CERTIFICATE: Final = (".p12", ".pfx")  # PKCS#12: a key and its certificate in one file
KEYS: Final = ("private_key",)
_FILES: Final = (*CERTIFICATES, *KEYS)
_METHODS: Final = ("TLS", "PEAP", "TTLS")
_SETTING: Final = re.compile(r"^\s*([A-Za-z0-9_]+)\s*=\s*(.*?)\s*$")
_SECRET: Final = re.compile(rb"^(\s*(?:" + "|".join(SECRETS).encode() + rb")\s*=)(.+)$", re.DOTALL)
_NAME: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
_ALLOWED: Final = frozenset(
    {
        *_FILES,
        *SECRETS,
        "key_mgmt",
        "eap",
        "identity",
        "anonymous_identity",
        "phase1",
        "phase2",
        "subject_match",
        "altsubject_match",
        "domain_match",
        "domain_suffix_match",
        "eapol_flags",
        "eap_workaround",
        "fragment_size",
        "openssl_ciphers",
    }
)
_OUTSIDE: Final = frozenset({"ap_scan", "eapol_version", "fast_reauth", "ctrl_interface", "ctrl_interface_group"})


@dataclass(frozen=True, slots=True)
class Setting:
    line: int
    name: str
    value: str  # as it is written, in its quotes

    @property
    def text(self) -> str:
        return self.value[1:-1] if len(self.value) > 1 and self.value[0] == self.value[-1] == '"' else self.value


@dataclass(frozen=True, slots=True)
class WiredFile:
    """What the network block says. May hold secrets."""

    settings: tuple[Setting, ...]
    problems: tuple[Problem, ...]

    def find(self, name: str) -> Setting | None:
        return next((one for one in self.settings if one.name == name), None)

    @property
    def files(self) -> tuple[Setting, ...]:
        return tuple(one for one in self.settings if one.name in _FILES)


def read_wired_file(text: str) -> WiredFile:
    """Everything that can be said without looking at the files that it names."""
    settings, problems = list[Setting](), list[Problem]()
    blocks, opened = 0, 0  # how many there are; the line of the one that is open
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        if re.fullmatch(r"network\s*=\s*\{", bare) and not opened:
            blocks, opened = blocks + 1, number
        elif bare == "}" and opened:
            opened = 0
        elif (found := _SETTING.match(line)) is None:
            problems.append(Problem(number, "", "This is neither a setting nor a comment.", "Write name=value."))
        elif opened:
            settings.append(Setting(number, found[1], found[2]))
        elif found[1] not in _OUTSIDE:
            problems.append(Problem(number, found[1], "stands outside of network={ }.", "Move it into the block."))
    if opened:
        problems.append(Problem(opened, "network={", "is not closed.", "Add a } on a line of its own."))
    if blocks != 1:
        problems.append(Problem(1, "", f"There are {blocks} network blocks.", "Write one: network={ ... }."))
    problems += _each(settings)
    problems += _together(settings) if blocks == 1 else ()
    return WiredFile(tuple(settings), tuple(sorted(problems, key=lambda one: one.line)))


def _each(settings: list[Setting]) -> Iterator[Problem]:
    seen = set[str]()
    for one in settings:
        if one.name not in _ALLOWED:
            yield Problem(one.line, one.name, "is not taken in here.", "Take the line out.")
        elif one.name in seen:
            yield Problem(one.line, one.name, "stands there twice.", "Keep one of the two.")
        elif one.name in _FILES and not _NAME.match(one.text):
            yield Problem(one.line, one.name, "is no name of a file beside this one.", 'Write it like "ca.pem".')
        elif one.value.startswith('"') != one.value.endswith('"') or one.value == '"':
            yield Problem(one.line, one.name, "has a quote that does not end.", "Close the quote.")
        seen.add(one.name)


def _together(settings: list[Setting]) -> Iterator[Problem]:
    known = {one.name: one for one in settings}
    last = max((one.line for one in settings), default=1)
    methods = known["eap"].text.split() if "eap" in known else []
    if "key_mgmt" not in known or known["key_mgmt"].text != "IEEE8021X":
        line = known["key_mgmt"].line if "key_mgmt" in known else last
        yield Problem(line, "key_mgmt", "is not for a wire with 802.1X.", "Write key_mgmt=IEEE8021X.")
    if len(methods) != 1 or methods[0] not in _METHODS:
        line = known["eap"].line if "eap" in known else last
        yield Problem(line, "eap", "names no method that is known here.", "Write eap=TLS, eap=PEAP or eap=TTLS.")
    else:
        yield from _missing(known, methods[0], last)


def _missing(known: Mapping[str, Setting], method: str, last: int) -> Iterator[Problem]:
    asked = {"password": "Write the password of this identity."}
    if method == "TLS":
        asked = {"private_key": 'Name the box\'s key: private_key="box-key.pem".'}
        if "private_key" in known and not known["private_key"].text.lower().endswith(WITH_CERTIFICATE):
            asked |= {"client_cert": 'Name the box\'s certificate: client_cert="box.pem".'}
    needed = {
        "identity": 'Write who the box is: identity="tacet-room-3".',
        "ca_cert": 'Name the authority of the clinic\'s server: ca_cert="ca.pem". Without it anybody is trusted.',
    } | asked
    for name, remedy in needed.items():
        if name not in known:
            yield Problem(last, name, "is missing.", remedy)


def with_secrets(text: str, kept: str) -> str:
    """Put what was taken in and wiped before back where it stood; what is written anew counts."""
    before = {one.name: one.value for one in read_wired_file(kept).settings if one.name in SECRETS}
    return "\n".join(_restored(line, before) for line in text.split("\n"))


def _restored(line: str, before: Mapping[str, str]) -> str:
    found = _SETTING.match(line)
    if found and found[1] in before and is_starred(found[2]):
        return f"{line[: found.start(2)]}{before[found[1]]}"
    return line


def wiped(given: bytes) -> bytes:
    """The file with stars for its secrets: it keeps its length, and all else."""
    return b"\n".join(_starred(line) for line in given.split(b"\n"))


def _starred(line: bytes) -> bytes:
    found = _SECRET.match(line)
    if found is None:
        return line
    value = found[2].strip()
    quoted = len(value) > 1 and value.startswith(b'"') and value.endswith(b'"')
    stars = b'"' + b"*" * (len(value) - 2) + b'"' if quoted else b"*" * len(value)
    return found[1] + found[2].replace(value, stars)


def still_starred(wired: WiredFile) -> Iterator[Problem]:
    """Secrets that were wiped here, and that nobody knows any more."""
    for one in wired.settings:
        if one.name in SECRETS and is_starred(one.value):
            yield Problem(one.line, one.name, "was taken in by another box, and wiped.", "Write it again.")


def is_starred(value: str) -> bool:
    return re.fullmatch(r'"?\*+"?', value) is not None


def effective(wired: WiredFile, folder: str) -> str:
    """What wpa_supplicant is given: this block, its files with their whole paths, and nothing that it could be told."""
    lines = [
        f'\t{one.name}="{folder}/{one.text}"' if one.name in _FILES else f"\t{one.name}={one.value}"
        for one in wired.settings
    ]
    head = ("# Written at every start from 8021x/ on the boot partition.", "ap_scan=0", "network={")
    return "\n".join((*head, *lines, "}", ""))
