"""The second model in words: what it is, and how long it takes on this machine."""

from app.second_speed import read_speed
from app.web.desk import Desk
from app.web.wording import length

MEGABYTE = 1_000_000
NONE = "none: sessions are heard once"
UNMEASURED = "how long it takes on this machine is not measured yet"


def second_model(desk: Desk) -> str:
    """One sentence without its full stop, for clinic IT and for the therapist."""
    model = desk.pipeline.second_model()
    if model is None:
        return NONE
    size = f"{model.name} ({model.size_bytes / MEGABYTE:,.0f} MB)"
    if model.problem:
        return f"{size}: {model.problem.rstrip('.')}"
    speed = read_speed(desk.settings.data_dir / "box", model.name)
    takes = UNMEASURED
    if speed:
        over = length(round(speed.sound_s) * 1000)
        takes = f"on this machine it takes {speed.a_minute_s:,.0f} seconds a minute of sound, measured over {over}"
    waits = desk.pipeline.second_waits_for()
    return f"{size}; {takes}{f'; it waits, as {waits}' if waits else ''}"
