from pathlib import Path

import pytest

from app.vault.schema import built_in_migrations, read_migrations


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(f"-- {name}")


def test_read_migrations__numbered_files__come_in_order_and_nothing_else_does(tmp_path: Path) -> None:
    write(tmp_path, "0002_b.sql", "0001_a.sql", "README.md", "0003_c.sql~")
    assert [(one.version, one.sql) for one in read_migrations(tmp_path)] == [
        (1, "-- 0001_a.sql"),
        (2, "-- 0002_b.sql"),
    ]


@pytest.mark.parametrize("names", [("0002_b.sql",), ("0001_a.sql", "0003_c.sql"), ("0001_a.sql", "0001_b.sql")])
def test_read_migrations__number_missing_or_twice__is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    write(tmp_path, *names)
    with pytest.raises(ValueError, match="not numbered"):
        read_migrations(tmp_path)


def test_built_in_migrations__as_shipped__begin_with_the_sessions() -> None:
    assert "CREATE TABLE sessions" in built_in_migrations()[0].sql
