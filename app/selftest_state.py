"""What a box has measured of itself: the self-test writes it, page, screen and doctor read it. No content.

selftest/result.json   of the last self-test that came to its end
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from app.durable import write_readable
from app.finding import Finding

FOLDER = "selftest"
_FILE = "result.json"


class SelfTestResult(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str  # of the system that ran
    model: str  # that the settings name
    at_ms: int
    findings: tuple[Finding, ...]


def read_selftest(data_dir: Path) -> SelfTestResult | None:
    """None where none has come to its end, or nothing can be read of it."""
    try:
        return SelfTestResult.model_validate_json((data_dir / FOLDER / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def keep_selftest(data_dir: Path, result: SelfTestResult) -> None:
    """Raises OSError where the storage refused."""
    (data_dir / FOLDER).mkdir(mode=0o755, exist_ok=True)
    write_readable(data_dir / FOLDER / _FILE, result.model_dump_json(indent=1).encode())
