from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class AsrSettings(BaseModel):
    """What the asr process needs to know. It has no data folder: it keeps nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_dir: Path = Path("/run/tacet")
    models_dir: Path = Path("/usr/share/tacet/models")
    model: str = "base"
    threads: int = Field(default=0, ge=0, le=64)  # 0: one a core
