"""The pure parts of `make image-test`: what judges a box must itself be able to find a fault."""

import json
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from image.configuration import Named
from image.guest.agent import Agent
from image.guest.probes import PROBES, tried
from image.identity import Secrets, numbers, raw_key, shared, words
from image.machine import MachineError
from image.outside import Partition, grub_environment, partitions, slot_that_starts
from image.page import title
from image.recording import known, plain
from image.visiting import last_acknowledged


def test_shared__what_clinic_it_gave_both__is_no_key_of_theirs() -> None:
    given = 'sftp_host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Q0m3GJm2yDfQkq0d3"'
    box = Secrets({}, dict.fromkeys(words(given.encode()), "tacet.toml"), {})
    assert shared(box, box, given) == []
    assert shared(box, box) == ["tacet.toml and tacet.toml"]


def test_shared__two_boxes_with_keys_of_their_own__share_nothing() -> None:
    one = Secrets({"tls/key.pem": bytes(range(32))}, {"a" * 8 + "0123456789": "box-id"}, {"box.db": b"\x07" * 64})
    two = Secrets({"tls/key.pem": bytes(range(100, 132))}, {"b" * 18: "box-id"}, {"box.db": b"\x07" * 64})
    assert shared(one, two) == []


def test_shared__part_of_a_key_in_another_file__is_found() -> None:
    one = Secrets({"tls/key.pem": bytes(range(32))}, {}, {})
    two = Secrets({"tls/other.pem": bytes(range(200, 220)) + bytes(range(8, 16))}, {}, {})
    assert shared(one, two) == ["tls/key.pem: part of a private key"]


def test_shared__the_same_number_and_database__are_found() -> None:
    one = Secrets({}, {"0123456789abcdef": "box-id"}, {"box.db": bytes(range(64))})
    assert len(shared(one, one)) == 2


def test_raw_key__of_a_pem_file__is_the_private_number_alone() -> None:
    key = generate_private_key(SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert int.from_bytes(raw_key(pem)) == key.private_numbers().private_value


def test_numbers__of_two_certificates_with_one_name__have_nothing_in_common() -> None:
    assert len(numbers(certificate("tacet-lab.local"))) == 3
    assert set(numbers(certificate("tacet-lab.local"))).isdisjoint(numbers(certificate("tacet-lab.local")))


def certificate(name: str) -> bytes:
    key, whose = generate_private_key(SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    days = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    draft = x509.CertificateBuilder(whose, whose, key.public_key(), x509.random_serial_number(), *days)
    return draft.sign(key, SHA256()).public_bytes(Encoding.PEM)


def test_words__of_json__are_its_values_and_not_its_names() -> None:
    text = json.dumps({"a_name_that_is_as_long_as_a_key": {"inner": ["0123456789abcdef0123"]}, "short": "abc"})
    assert words(text.encode()) == ["0123456789abcdef0123"]


def test_last_acknowledged__of_a_torn_line__is_the_one_before() -> None:
    said = [json.dumps({"session_id": "s1", "samples_sealed": count}) for count in (16_000, 32_000)]
    assert last_acknowledged([*said, '{"session_id": "s1", "samples_sea']) == ("s1", 32_000)
    with pytest.raises(MachineError, match="said nothing"):
        last_acknowledged([json.dumps({"session_id": None, "samples_sealed": 0})])


def test_named__without_the_line_or_the_remedy__is_not_right() -> None:
    said = "tacet.toml, line 3: [box] rom is unknown. Did you mean room?"
    assert Named("a misspelt setting", 3, said, "Did you mean room?").right
    assert not Named("a misspelt setting", 4, said, "Did you mean room?").right
    assert not Named("a misspelt setting", 3, said, "straight quotes").right


def test_tried__what_is_not_there_and_what_can_be_done__are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("image.guest.probes.BOX", tmp_path)
    assert tried("vaults") == "refused (FileNotFoundError)"
    (tmp_path / "vaults").mkdir()
    assert tried("vaults") == "DONE"


def test_agent__asked_something__answers_under_the_same_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = tmp_path / "port"
    port.touch()
    monkeypatch.setattr("image.guest.agent.PORT", port)
    agent = Agent()
    for number, command in enumerate((["/bin/echo", "here"], ["/no/such/program"])):
        agent.obey({"id": number, "run": command})
    agent.close()
    answers = [json.loads(line) for line in port.read_bytes().splitlines()]
    assert answers[0] == {"id": 0, "code": 0, "out": "here\n"}
    assert (answers[1]["id"], answers[1]["code"]) == (1, 127)


def test_probes__every_forbidden_one__exists() -> None:
    from image.confinement import FORBIDDEN  # noqa: PLC0415  beside the table that it is compared with

    assert {name for names in FORBIDDEN.values() for name in names} <= set(PROBES)


def test_title__of_a_page__is_on_one_line() -> None:
    assert title("<head><title>Set this box\n up</title>") == "Set this box up"
    assert title("nothing") == ""


def environment(*lines: str) -> bytes:
    return ("# GRUB Environment Block\n" + "".join(f"{line}\n" for line in lines)).ljust(1024, "#").encode()


def test_grub_environment__torn_or_of_another_length__says_nothing() -> None:
    content = environment("ORDER=B A", "B_OK=1")
    assert grub_environment(content) == {"ORDER": "B A", "B_OK": "1"}
    assert grub_environment(content[:512]) == grub_environment(b"") == grub_environment(bytes(1024)) == {}


@pytest.mark.parametrize(
    ("noted", "slot"),
    [
        ({}, "A"),
        ({"ORDER": "B A", "B_OK": "1"}, "B"),
        ({"ORDER": "B A", "B_OK": "0"}, "A"),
        ({"ORDER": "B A", "B_OK": "1", "B_TRY": "3"}, "A"),
        ({"ORDER": "A B", "A_OK": "1", "A_TRY": "3", "B_OK": "1", "B_TRY": "3"}, "A"),
        ({"ORDER": "A B", "A_OK": "0", "B_OK": "1", "B_TRY": "3"}, "B"),
    ],
    ids=[
        "nothing noted",
        "just installed",
        "half installed",
        "three tries",
        "both tried out",
        "one bad, one tried out",
    ],
)
def test_slot_that_starts__as_the_boot_loader_chooses(noted: dict[str, str], slot: str) -> None:
    assert slot_that_starts(noted) == slot


def test_partitions__of_a_gpt__by_name(tmp_path: Path) -> None:
    disk = tmp_path / "disk.img"
    entry = struct.pack("<16s16sQQQ72s", b"k" * 16, b"u" * 16, 2048, 4095, 0, "tacet-boot".encode("utf-16-le"))
    head = bytes(72) + struct.pack("<QIII", 2, 4, 128, 0)
    disk.write_bytes(bytes(512) + head.ljust(512, b"\0") + entry + bytes(3 * 128))
    assert partitions(disk) == {"tacet-boot": Partition(2048 * 512, 2048 * 512)}


def test_known__words_across_the_sounds_end_with_one_misheard__are_all_but_that_one() -> None:
    said = plain("How was your week? It was a long one, honestly.")
    assert known(plain("a lung one honestly How was your"), said) == 6
    assert known(plain("buy cheap watches"), said) == 0
