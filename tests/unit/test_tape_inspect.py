import base64
import getpass
import json
from pathlib import Path

import pytest
from support.canary import forms_of
from support.tapes import STARTED_AT_MS, noise
from support.vaults import PASSPHRASE, open_vault

from firmware.tape import ConsentEvent, Recipient, TapeWriter
from tacet.__main__ import main

SESSION_ID = "5e" * 16
RATE_HZ = 50
CANARY = noise(RATE_HZ, 42)


@pytest.fixture
def vault_folder(tmp_path: Path) -> Path:
    with open_vault(tmp_path) as vault:
        (tmp_path / "public").write_bytes(vault.account.public_key)
        return next((tmp_path / "vaults").glob(f"*{vault.account.vault_id}*"))


@pytest.fixture
def tape(tmp_path: Path, vault_folder: Path) -> TapeWriter:
    writer = TapeWriter.create(
        tmp_path / "tapes",
        SESSION_ID,
        Recipient((tmp_path / "public").read_bytes()),
        sample_rate_hz=RATE_HZ,
        channels=1,
        started_at_ms=STARTED_AT_MS,
        clock_trusted=False,
        segment_s=300,
    )
    writer.append_consent(ConsentEvent.GIVEN, at_ms=STARTED_AT_MS)
    writer.append_audio(CANARY)
    writer.append_gap(25)
    writer.append_audio(CANARY)
    writer.append_fault("microphone_silent")
    return writer


@pytest.fixture
def passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda _: PASSPHRASE)


def inspected(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    status = main(["tape", "inspect", *map(str, arguments)])
    said = capsys.readouterr()
    return status, said.out + said.err


def test_inspect__without_a_key__tells_what_is_in_clear_and_what_is_not(
    tape: TapeWriter, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = inspected(capsys, tape.folder)
    assert status == 0
    assert SESSION_ID in said
    assert "being recorded" in said
    assert "000000.seg: 3 records" in said
    assert "did not know the time" in said
    assert "--vault" in said
    assert "given" not in said
    assert "microphone_silent" not in said


def test_inspect__with_the_vault__tells_events_gaps_and_the_end(
    tape: TapeWriter, vault_folder: Path, passphrase: None, capsys: pytest.CaptureFixture[str]
) -> None:
    tape.close()
    status, said = inspected(capsys, tape.folder, "--vault", vault_folder, "--json")
    facts = json.loads(said)
    assert status == 0
    assert (facts["verified"], facts["closed"], facts["damage"]) == (True, True, None)
    assert (facts["length_s"], facts["gaps_s"]) == (2.5, 0.5)
    assert [(event["position_s"], event["kind"]) for event in facts["events"]] == [
        (0.0, "consent"),
        (1.0, "gap"),
        (2.5, "fault"),
        (2.5, "close"),
    ]
    assert facts["events"][0]["event"] == "given"
    assert facts["events"][0]["at"].startswith("2023-11-14T22:13:20")


def test_inspect__tape_that_was_not_closed__tells_the_damage_and_ends_with_1(
    tape: TapeWriter, vault_folder: Path, passphrase: None, capsys: pytest.CaptureFixture[str]
) -> None:
    tape.abandon()
    status, said = inspected(capsys, tape.folder, "--vault", vault_folder)
    assert status == 1
    assert "ended abruptly" in said
    assert "1.000 s gap 25" in said


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["lines", "json"])
def test_inspect__whatever_it_tells__no_sound_and_no_key_is_in_it(
    tape: TapeWriter,
    vault_folder: Path,
    passphrase: None,
    capsys: pytest.CaptureFixture[str],
    form: tuple[str, ...],
) -> None:
    key = tape._session_key
    tape.close()
    for arguments in ((tape.folder, *form), (tape.folder, "--vault", vault_folder, *form)):
        _, said = inspected(capsys, *arguments)
        for secret in (CANARY[:32], CANARY[40:72], key, tape.head.wrapped_key, PASSPHRASE.encode()):
            assert not any(spelt in said.encode("latin-1", "replace") for spelt in forms_of(secret))
            assert base64.b16encode(secret).lower().decode() not in said.lower()


def assert_one_sentence(outcome: tuple[int, str]) -> None:
    status, said = outcome
    assert status == 1
    assert said.startswith("tacet: ")
    assert said.count("\n") == 1


def test_inspect__wrong_passphrase__says_so_in_a_sentence(
    tape: TapeWriter, vault_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda _: "not this one")
    assert_one_sentence(inspected(capsys, tape.folder, "--vault", vault_folder))


def test_inspect__changed_tape__says_so_in_a_sentence(
    tape: TapeWriter, vault_folder: Path, passphrase: None, capsys: pytest.CaptureFixture[str]
) -> None:
    tape.close()
    segment = tape.folder / "000000.seg"
    segment.write_bytes(segment.read_bytes()[:-20] + bytes(20))
    assert_one_sentence(inspected(capsys, tape.folder, "--vault", vault_folder))


def test_inspect__no_tape__says_so_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert_one_sentence(inspected(capsys, tmp_path / ("0" * 32)))


def test_inspect__a_folder_that_does_not_exist__says_that_there_is_no_such_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tape", "inspect", str(tmp_path / "tapes" / SESSION_ID)]) == 1
    said = capsys.readouterr().err
    assert "There is no recording" in said
    assert "erased" not in said
