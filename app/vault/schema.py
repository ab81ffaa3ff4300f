"""Numbered migrations: `migrations/NNNN_name.sql`, forward only, each in one transaction, counted in `user_version`."""

import re
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

from app.vault.errors import VaultTooNew

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.vault.database import Connection

_FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    version: int  # 1, 2, 3, ...
    sql: str = field(repr=False)


def built_in_migrations() -> tuple[Migration, ...]:
    return read_migrations(files("app.vault") / "migrations")


def read_migrations(folder: Traversable) -> tuple[Migration, ...]:
    """The folder's migrations in order.

    Raises:
        ValueError: A number is missing or stands twice; a mistake of whoever wrote them.
    """
    numbered = {
        match[0]: Migration(int(match[1]), script.read_text(encoding="utf-8"))
        for script in folder.iterdir()
        if (match := _FILE_NAME.fullmatch(script.name))
    }
    migrations = tuple(numbered[name] for name in sorted(numbered))
    if [migration.version for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise ValueError(f"migrations are not numbered 1 to {len(migrations)}")
    return migrations


def version_of(connection: "Connection") -> int:
    """The number of the last migration that this database has seen; 0 for an empty one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def bring_up_to_date(connection: "Connection", migrations: "Sequence[Migration]") -> None:
    """Run what this database has not seen yet. A kill in between leaves a whole version behind.

    Raises:
        VaultTooNew: The database knows migrations that this program does not; nothing was touched.
    """
    version = version_of(connection)
    if version > len(migrations):
        raise VaultTooNew(
            "This vault was written by a newer version of Tacet, so it was not opened. Update this box and try again."
        )
    for migration in migrations[version:]:
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{migration.sql}\nPRAGMA user_version = {migration.version};\nCOMMIT;"
        )
