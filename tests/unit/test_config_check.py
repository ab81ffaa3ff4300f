from pathlib import Path

import pytest
from support.broken_config import BROKEN, GOOD

from tacet.__main__ import main
from tacet.config.check import SECTIONS, check_bytes, check_text
from tacet.config.lines import line_of
from tacet.config.schema import markdown


def test_check__a_good_file__finds_nothing() -> None:
    assert check_text(GOOD)[1] == ()
    assert check_text("")[1] == ()


@pytest.mark.parametrize(("old", "new", "line", "said"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_check__a_broken_file__names_line_and_remedy(old: str, new: str, line: int, said: str) -> None:
    assert GOOD.count(old) == 1
    _, problems = check_text(GOOD.replace(old, new))
    assert [problem.line for problem in problems] == [line]
    assert said in f"{problems[0].sentence} {problems[0].remedy}"
    assert "\n" not in str(problems[0])


def test_check__a_section_that_is_a_value__is_told_to_be_one() -> None:
    _, problems = check_text("app = 3\n")
    assert [str(problem) for problem in problems] == [
        "line 1: [app] is of the wrong kind. Write [app] on a line of its own."
    ]


def test_check__several_mistakes__are_all_found_in_the_order_of_lines() -> None:
    text = GOOD.replace("Europe/Berlin", "Berlin").replace("channels = 2", "channels = 7").replace("room =", "rom =")
    assert [problem.line for problem in check_text(text)[1]] == [3, 4, 13]


def test_check__not_utf8__names_the_line() -> None:
    _, problems = check_bytes(GOOD.replace("Room 3", "Zimmer für 3").encode("latin-1"))
    assert [problem.line for problem in problems] == [3]
    assert "UTF-8" in problems[0].remedy


def test_check__a_byte_order_mark_and_windows_line_ends__are_no_mistake() -> None:
    assert check_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())[1] == ()


def test_line_of__a_key_inside_a_long_text__is_not_taken_for_a_setting() -> None:
    text = '[box]\nroom = """\nname = "no"\n"""\nname = "yes"\n'
    assert line_of(text, ("box", "name")) == 5
    assert line_of(text, ("box", "time_zone")) == 1
    assert line_of("box.name = 3\n", ("box", "name")) == 1


def test_config_check__a_broken_file__says_each_on_a_line_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tacet.toml"
    path.write_text(GOOD.replace("channels = 2", "channels = 7"))
    assert main(["config", "check", str(path)]) == 1
    assert capsys.readouterr().out == f"{path}, line 13: [recorder] channels is none of the choices. Write 1 or 2.\n"
    path.write_text(GOOD)
    assert main(["config", "check", str(path)]) == 0
    assert "is right" in capsys.readouterr().out


def test_schema__the_page_in_the_docs__is_what_the_program_prints() -> None:
    page = Path(__file__).parents[2] / "docs/configuration.md"
    assert page.read_text(encoding="utf-8").strip() == markdown().strip()


def test_schema__every_setting_of_every_section__has_a_row() -> None:
    described = markdown()
    for name, model in SECTIONS.items():
        section = described.split(f"## [{name}]")[1].split("\n## ")[0]
        for setting in set(model.model_fields) - {"data_dir", "run_dir", "models_dir"}:
            assert f"| `{setting}` |" in section


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ('[update]\nserver = "ftp://x/"\n', "https://updates.clinic.example/tacet"),
        ('[update]\nserver = "https://x/"\ncertificate_sha256 = "AB"\n', "64 hexadecimal digits"),
        ('[backup]\nto = "/media/stick"\nsftp = "nas"\nsftp_host_key = "ssh-ed25519 AAAA"\n', "backup@nas"),
        ('[backup]\nat = "2 o\'clock"\n', 'like "02:00"'),
        ('[app]\nlock_at = "25:00"\n', 'like "03:00"'),
        ('[network]\ninterface = "Port 1"\n', "enp1s0"),
        ('[network]\ntime_servers = ["a b"]\n', "ntp.clinic.example"),
    ],
    ids=["server", "fingerprint", "sftp", "at", "lock_at", "interface", "time_servers"],
)
def test_check__a_value_of_another_shape__says_how_that_setting_is_written(text: str, remedy: str) -> None:
    assert remedy in str(check_text(text)[1][0])
