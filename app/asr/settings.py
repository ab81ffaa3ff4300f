from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.asr.device import Asked


class AsrSettings(BaseModel):
    """What the asr process needs to know. It has no data folder: it keeps nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_dir: Path = Path("/run/tacet")
    models_dir: Path = Path("/usr/share/tacet/models")
    model: str = "base"
    second_model: str | None = None  # hears again what nobody has worked on, while the box has nothing else to do
    threads: int = Field(default=0, ge=0, le=64)  # 0: one a core
    device: Asked = "auto"  # auto: a GPU where there is one that CTranslate2 can use
    warm_c: float = Field(default=70, ge=40, le=110)  # of the board: from here on it rests between windows

    @model_validator(mode="after")
    def _models_differ(self) -> Self:
        if self.second_model == self.model:
            raise ValueError(f"second_model {self.model} hears already; name a better one, or none")
        return self
