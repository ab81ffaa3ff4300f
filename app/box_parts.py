"""Button, light and microphone as clinic IT is told of them. Pure."""

from app.finding import Finding, Verdict
from firmware.status import BoxStatus, Trial

TAKE_TURNS = (
    "Green and red flash in turn for two minutes, and nothing is recorded: press the button once you have seen both."
)
_TRY = "Have it tried: on the page /it, or with tacet selftest."


def check_parts(status: BoxStatus | None) -> tuple[Finding, ...]:
    """Button, light and microphone, as the recorder has seen them. Pure."""
    if status is None:
        nobody = Finding("button", Verdict.BROKEN, "The recorder does not answer, so nothing is known of its parts.")
        return (nobody,)
    parts = status.parts
    awaited = TAKE_TURNS if parts.trying else _TRY
    return (_button(parts.button, awaited), _light(parts.light, awaited), _microphone(parts.microphone, status))


def _button(trial: Trial, awaited: str) -> Finding:
    if trial is Trial.WORKS:
        return Finding("button", Verdict.FINE, "It was pressed, and that was noticed.")
    if trial is Trial.NOT_TRIED:
        return Finding("button", Verdict.NOT_TRIED, "Nobody has pressed it yet.", awaited)
    return Finding("button", Verdict.BROKEN, "It has been down since the start.", "Look whether it is stuck.")


def _light(trial: Trial, awaited: str) -> Finding:
    if trial is Trial.WORKS:
        return Finding("light", Verdict.FINE, "Somebody has seen red and green, and pressed the button.")
    if trial is Trial.NOT_TRIED:
        return Finding("light", Verdict.NOT_TRIED, "Nobody has looked at both lamps yet.", awaited)
    remedy = "Check the wires; without its light the box does not record."
    return Finding("light", Verdict.BROKEN, "Its pins do not answer as they were told.", remedy)


def _microphone(trial: Trial, status: BoxStatus) -> Finding:
    if trial is Trial.WORKS:
        return Finding("microphone", Verdict.FINE, f"Sound comes from {status.microphone}.")
    if trial is Trial.NOT_TRIED:
        return Finding("microphone", Verdict.NOT_TRIED, "The recorder has not listened to it yet.")
    return Finding("microphone", Verdict.BROKEN, "No sound comes from it.", " ".join(status.reasons))
