import getpass
import json
from pathlib import Path

import pytest
from support.vaults import PASSPHRASE, SESSION, draft, open_vault

from app.domain import MarkKind
from app.review import Review
from tacet.__main__ import main

TAMPER = {
    "a letter of the transcript": "UPDATE edits SET text = replace(text, 'fine', 'fina')",
    "a letter of a note": "UPDATE marks SET text = replace(text, 'door', 'doom')",
    "a letter of the attestation": "UPDATE approvals SET attestation = replace(attestation, 'I have', 'I hove')",
    "a millisecond of the time": "UPDATE approvals SET approved_at_ms = approved_at_ms + 1",
    "a digit of what was done": "UPDATE approvals SET done = replace(done, 'heard_ms\":0', 'heard_ms\":1')",
}


def verify(folder: Path, vault_id: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, object]]]:
    code = main(["review", "verify", SESSION, "--vault", str(folder / "vaults" / vault_id), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("tampering", [None, *TAMPER])
def test_verify__one_character_changed_beneath_the_approval__does_not_verify(
    tampering: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda _: PASSPHRASE)
    with open_vault(tmp_path) as vault:
        draft(vault, "one", "two")
        review = Review(vault)
        review.edit(SESSION, 1, "That is fine.", "Ada")
        review.mark(SESSION, MarkKind.CONTEXT, 1, "long look at the door", "Ada")
        review.approve(SESSION, "Ada")
        vault_id = vault.account.vault_id
        if tampering:
            for table in ("edits", "marks", "approvals"):
                vault._database.write(lambda con, name=table: con.execute(f"DROP TRIGGER {name}_are_never_changed"))
            changed = vault._database.write(lambda con: con.execute(TAMPER[tampering]).rowcount)
            assert changed == 1
    code, (facts,) = verify(tmp_path, vault_id, capsys)
    assert (code, facts["verified"]) == ((1, False) if tampering else (0, True))
    assert "fine" not in str(facts)


def test_verify__nothing_approved__says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda _: PASSPHRASE)
    with open_vault(tmp_path) as vault:
        draft(vault, "one")
        vault_id = vault.account.vault_id
    code, (facts,) = verify(tmp_path, vault_id, capsys)
    assert (code, facts["verified"]) == (1, None)
