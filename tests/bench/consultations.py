"""Where a data folder holds consultations: itself, or below."""

from pathlib import Path


def consultations_in(data: Path) -> list[Path]:
    return sorted((data / "consultations").glob("*.json")) or sorted(data.glob("*_consultation*.json"))
