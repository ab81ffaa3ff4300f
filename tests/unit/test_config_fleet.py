import stat
import tomllib
from pathlib import Path

import pytest

from app.errors import TacetError
from tacet.__main__ import main
from tacet.config.fleet import device_files

TABLE = "name,room,address,channels\ntacet-1,Room 1,192.168.7.21/24,2\ntacet-2,Room 2,,\n"
COMMON = '[box]\ntime_zone = "Europe/Berlin"\nroom = "Any"\n\n[recorder]\nconsent_policy = "allow"\n'


def test_device_files__of_a_table__hold_the_common_settings_and_their_own() -> None:
    first, second = (tomllib.loads(file.text) for file in device_files(TABLE, COMMON))
    assert first["box"] == {"time_zone": "Europe/Berlin", "room": "Room 1", "name": "tacet-1"}
    assert first["network"] == {"method": "static", "address": "192.168.7.21/24"}
    assert first["recorder"] == {"consent_policy": "allow", "channels": 2}
    assert second["box"]["room"] == "Room 2"
    assert "network" not in second


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("room\nA\n", "no column name"),
        ("name,colour\na,red\n", "'colour' is unknown"),
        ("name\na\na\n", "stands in the table twice"),
        ("name\n", "no rows"),
        ("name,room\na\n", "Line 2 of the table has not as many fields"),
        ("name,room\n,A\n", "Line 2 of the table has no name"),
        ("name,channels\nbox-1,2\nbox-2,5\n", r"Line 3 of the table \(box-2\): \[recorder\] channels"),
        ("name,channels\nbox-1,two\n", r"Line 2 of the table \(box-1\)"),
    ],
)
def test_device_files__something_wrong__names_the_line(table: str, said: str) -> None:
    with pytest.raises(TacetError, match=said):
        device_files(table, COMMON)


def test_config_fleet__hundreds_of_boxes__makes_a_folder_for_each_and_overwrites_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "boxes.csv"
    table.write_text("name,room\n" + "".join(f"tacet-{number},Room {number}\n" for number in range(300)))
    into = tmp_path / "made"
    assert main(["config", "fleet", str(table), "--into", str(into)]) == 0
    assert len(list(into.glob("*/tacet.toml"))) == 300
    assert main(["config", "fleet", str(table), "--into", str(into)]) == 1
    assert "already there" in capsys.readouterr().err


def test_device_files__of_a_table_with_semicolons__are_the_same() -> None:
    assert device_files(TABLE.replace(",", ";"), COMMON) == device_files(TABLE, COMMON)


def test_config_fleet__into_what_is_no_folder__says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "boxes.csv"
    table.write_text("name\ntacet-1\n")
    assert main(["config", "fleet", str(table), "--into", str(table)]) == 1
    assert "cannot be made" in capsys.readouterr().err


def test_config_fleet__with_its_code__is_for_nobody_else_on_this_machine(tmp_path: Path) -> None:
    table = tmp_path / "boxes.csv"
    table.write_text("name,it_code\ntacet-1,7KQ2M9XW4TZ8R5HN\n")
    assert main(["config", "fleet", str(table), "--into", str(tmp_path / "made")]) == 0
    written = tmp_path / "made/tacet-1/tacet.toml"
    assert "7KQ2M9XW4TZ8R5HN" in written.read_text()
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_config_fleet__a_mistake_in_the_common_file__names_its_own_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, common = tmp_path / "boxes.csv", tmp_path / "common.toml"
    table.write_text("name\ntacet-1\n")
    common.write_text('[recorder]\nconsent_policy = "perhaps"\n')
    assert main(["config", "fleet", str(table), "--common", str(common), "--into", str(tmp_path / "made")]) == 1
    said = capsys.readouterr().err
    assert f"{common}, line 2: [recorder] consent_policy" in said
    assert "table" not in said
    assert not (tmp_path / "made").exists()
