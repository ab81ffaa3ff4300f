from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from app.asr.device import Asked


class AsrSettings(BaseModel):
    """What the asr process needs to know. It has no data folder: it keeps nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_dir: Path = Path("/run/tacet")
    models_dir: Path = Path("/usr/share/tacet/models")
    model: str = "base"
    threads: int = Field(default=0, ge=0, le=64)  # 0: one a core
    device: Asked = "auto"  # auto: a GPU where there is one that CTranslate2 can use
    warm_c: float = Field(default=70, ge=40, le=110)  # of the board: from here on it rests between windows
