"""What takes no time: whether the model is the pinned one, and how warm the board is."""

from pathlib import Path

from app.asr.pace import hottest_c
from app.finding import Finding, Verdict
from firmware.thermal import Thermal
from models import ModelError
from models.manifest import read_manifest
from models.verify import check_folder


def check_model(models_dir: Path, name: str) -> Finding:
    """Reads every byte, whatever was verified before."""
    try:
        model = read_manifest().find(name)
        check_folder(models_dir / name, model)
    except ModelError as error:
        return Finding("model", Verdict.BROKEN, str(error))
    except OSError as error:
        return Finding("model", Verdict.BROKEN, f"It cannot be read ({error.strerror}).", "Flash the image again.")
    return Finding("model", Verdict.FINE, f"Every byte of {name} is the pinned one.")


def check_temperature(limit_c: float, root: Path = Path("/")) -> Finding:
    """To be called when the board has just worked hard."""
    reasons = Thermal(limit_c, root).reasons()
    if reasons:
        return Finding("temperature", Verdict.ATTENTION, " ".join(reasons))
    hot_c = hottest_c(root)
    if hot_c is None:
        return Finding("temperature", Verdict.NOT_TRIED, "This board has no sensor that can be read.")
    return Finding("temperature", Verdict.FINE, f"{hot_c:.0f} °C after hard work; {limit_c:g} is too much.")
